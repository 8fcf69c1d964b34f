"""A stack with monitoring: real programs scrape and probe it and send alerts, and nothing of it is left."""

from __future__ import annotations

import json
import os
import re
import signal
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

import psutil
import pytest

from tests.midnight import Midnight
from tests.paging.monitoring import PROGRAMS, program
from tests.waiting import wait_until

pytestmark = [pytest.mark.real, pytest.mark.wide]


def ask(url: str, path: str) -> Any:
    with urllib.request.urlopen(f"{url}{path}", timeout=5) as answer:
        return json.loads(answer.read())


def query(prometheus: str, text: str) -> dict[str, str]:
    """The values of a query by job."""
    found = ask(prometheus, f"/api/v1/query?query={quote(text)}")["data"]["result"]
    return {each["metric"].get("job", ""): each["value"][1] for each in found}


@contextmanager
def frozen(pid: int) -> Iterator[None]:
    """A process and its children do nothing, and their sockets stay open."""
    everyone = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    for each in everyone:
        os.kill(each.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for each in everyone:
            os.kill(each.pid, signal.SIGCONT)


def test_it_is_scraped_has_the_rules_that_ship_and_is_gone_afterwards(midnight: Midnight) -> None:
    for name in PROGRAMS:
        program(name)
    done = midnight("stack", "up", "--with", "monitoring")
    try:
        assert done.code == 0, done
        urls = dict(re.findall(rf"^  ({'|'.join(PROGRAMS)}): (http\S+)$", done.out, re.M))
        assert set(urls) == set(PROGRAMS)
        prometheus = urls["prometheus"]
        everything = {"api": "1", "node": "1", "probe": "1"}
        wait_until(lambda: query(prometheus, "up") == everything, lambda: query(prometheus, "up"))
        wait_until(lambda: query(prometheus, "probe_success") == {"probe": "1"}, lambda: done)
        groups = ask(prometheus, "/api/v1/rules?type=alert")["data"]["groups"]
        assert {"ApiDown", "PoolNearlyFull"} <= {rule["name"] for group in groups for rule in group["rules"]}
        assert all(rule["health"] != "err" for group in groups for rule in group["rules"])
        assert ask(urls["alertmanager"], "/api/v2/receivers") == [{"name": "midnight"}]

        api = re.search(r"^  api: pid (\d+)$", done.out, re.M)
        assert api, done
        firing = 'ALERTS{alertname="ApiDown",alertstate="firing"}'
        with frozen(int(api[1])):
            wait_until(lambda: bool(query(prometheus, firing)), lambda: query(prometheus, "probe_success"))
            # its exporter is a process apart
            wait_until(lambda: query(prometheus, "up")["api"] == "1", lambda: query(prometheus, "up"))
        wait_until(lambda: not query(prometheus, firing), lambda: query(prometheus, "probe_success"))
    finally:
        down = midnight("stack", "down")
    assert down.code == 0, down
    for url in urls.values():
        with pytest.raises(OSError, match="refused"):
            ask(url, "/")
