"""A stack with monitoring: real programs scrape it and send alerts, and nothing of it is left."""

from __future__ import annotations

import json
import re
import time
import urllib.request
from typing import Any

import pytest

from tests.midnight import Midnight
from tests.paging.monitoring import PROGRAMS, program

pytestmark = pytest.mark.real

MOST = 30.0  # seconds for the first scrapes


def ask(url: str, path: str) -> Any:
    with urllib.request.urlopen(f"{url}{path}", timeout=5) as answer:
        return json.loads(answer.read())


def test_it_is_scraped_has_the_rules_that_ship_and_is_gone_afterwards(midnight: Midnight) -> None:
    for name in PROGRAMS:
        program(name)
    done = midnight("stack", "up", "--with", "monitoring")
    try:
        assert done.code == 0, done
        urls = dict(re.findall(r"^  (prometheus|alertmanager|node_exporter): (http\S+)$", done.out, re.M))
        assert set(urls) == set(PROGRAMS)
        prometheus, deadline = urls["prometheus"], time.monotonic() + MOST
        up: dict[str, str] = {}
        while set(up) != {"api", "node"} or set(up.values()) != {"1"}:
            assert time.monotonic() < deadline, up
            time.sleep(0.2)  # no event: another program's scrape
            found = ask(prometheus, "/api/v1/query?query=up")["data"]["result"]
            up = {each["metric"]["job"]: each["value"][1] for each in found}
        groups = ask(prometheus, "/api/v1/rules?type=alert")["data"]["groups"]
        assert {"ApiDown", "PoolNearlyFull"} <= {rule["name"] for group in groups for rule in group["rules"]}
        assert all(rule["health"] != "err" for group in groups for rule in group["rules"])
        assert ask(urls["alertmanager"], "/api/v2/receivers") == [{"name": "midnight"}]
    finally:
        down = midnight("stack", "down")
    assert down.code == 0, down
    for url in urls.values():
        with pytest.raises(OSError, match="refused"):
            ask(url, "/")
