"""Rotation as the profiles have it loses no line, and whoever reads the log can tell."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path

import pytest

from chaos.postgres import Cluster
from chaos.toxiproxy import Toxiproxy
from tests.reference.offered_load import offer
from tests.reference.stack import DOCUMENTS, profile, stack

pytestmark = pytest.mark.real


def lines(logs: Path, name: str) -> list[str]:
    """The lines of a log that was rotated once."""
    return [line for file in (f"{name}.1", name) for line in (logs / file).read_text().splitlines()]


@pytest.mark.parametrize("name", [pytest.param("fragile", marks=pytest.mark.full), "hardened"])
def test_no_line_is_lost_when_logs_are_renamed_and_reopened_under_load(
    name: str, cluster: Cluster, proxies: Toxiproxy
) -> None:
    with stack(profile(name), cluster, proxies) as running:
        logs = running.home / "logs"

        def rotate() -> None:
            for log in ("app.log", "access.log"):
                (logs / log).rename(logs / f"{log}.1")
            running.reopen_logs()

        offered = offer(running.url, 60, 2.0, DOCUMENTS, {1.0: rotate})
        running.stop()
        said, accesses = lines(logs, "app.log"), lines(logs, "access.log")
        after = (logs / "app.log").read_text()
    assert all(hit.good for hit in offered)
    assert "route=" in after, "lines after the rotation went to the new file"
    numbers: dict[str, list[int]] = defaultdict(list)
    ends: dict[str, int] = {}
    for line in said:
        if told := re.search(r" pid=(\d+) n=(\d+) (\w+)", line):
            numbers[told[1]].append(int(told[2]))
            if told[3] == "closed":
                ends[told[1]] = int(told[2])
    assert {pid: numbers[pid] for pid in ends} == {pid: list(range(1, end + 1)) for pid, end in ends.items()}
    assert set(numbers) == set(ends)
    assert len(accesses) == sum(ends.values()) - len(ends)
