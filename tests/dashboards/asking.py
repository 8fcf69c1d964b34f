"""A Prometheus of a test, and what it answers to the queries of a dashboard as Grafana would ask them."""

from __future__ import annotations

import json
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from chaos.host.ports import free_port
from tests.dashboards.checking import Document, filled_in, targets
from tests.paging.monitoring import program
from tests.waiting import wait_until


@dataclass(frozen=True)
class Prometheus:
    """One that answers at `url`."""

    url: str

    def ask(self, path: str, **given: str) -> Any:
        """The data of the answer; what is refused fails the test with the reason."""
        asked = f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(given)}"
        try:
            with urllib.request.urlopen(asked, timeout=10) as answer:
                return json.loads(answer.read())["data"]
        except urllib.error.HTTPError as error:
            pytest.fail(f"{given}: {error.read().decode()}")

    def names(self) -> set[str]:
        return set(self.ask("label/__name__/values"))

    def over(self, expr: str, start: float, end: float) -> list[Any]:
        """The series of a range query, a point each second."""
        asked = {"query": filled_in(expr), "start": str(start), "end": str(end), "step": "1"}
        return list(self.ask("query_range", **asked)["result"])

    def now(self, expr: str) -> dict[frozenset[tuple[str, str]], float]:
        """Values by labels."""
        found = self.ask("query", query=filled_in(expr))["result"]
        return {frozenset(each["metric"].items()): float(each["value"][1]) for each in found}

    def until(self, condition: Callable[[Prometheus], bool]) -> None:
        """Wait until it is so."""
        wait_until(lambda: condition(self))

    def empty(self, panel: Document, start: float, end: float) -> list[str]:
        """The queries of a panel, by their letter, that find nothing."""
        return [each["refId"] for each in targets(panel) if not self.over(each["expr"], start, end)]


@contextmanager
def prometheus(
    place: Path, jobs: Mapping[str, str], rules: Sequence[Mapping[str, str]] = ()
) -> Iterator[Prometheus]:
    """Scrapes each address and evaluates the rules every second, and has the blocks that are in `place / "samples"`.
    Gone afterwards."""
    binary = program("prometheus")
    scraped = [{"job_name": job, "static_configs": [{"targets": [to]}]} for job, to in jobs.items()]
    often = {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"}
    config = {"global": often, "rule_files": ["rules.yaml"], "scrape_configs": scraped}
    (place / "prometheus.yaml").write_text(json.dumps(config))  # JSON is YAML
    (place / "rules.yaml").write_text(json.dumps({"groups": [{"name": "planted", "rules": list(rules)}]}))
    found = Prometheus(f"http://127.0.0.1:{free_port()}")
    argv = [
        binary,
        f"--config.file={place / 'prometheus.yaml'}",
        f"--storage.tsdb.path={place / 'samples'}",
        "--storage.tsdb.retention.time=10y",
        f"--web.listen-address={urllib.parse.urlsplit(found.url).netloc}",
    ]
    with (
        (place / "log").open("wb") as log,
        subprocess.Popen(argv, stdout=log, stderr=log, cwd=place) as process,
    ):
        try:
            found.until(_is_ready)
            yield found
        finally:
            process.kill()


def _is_ready(one: Prometheus) -> bool:
    with suppress(OSError), urllib.request.urlopen(f"{one.url}/-/ready", timeout=5):
        return True
    return False
