"""Each leak of the reference stack, fast and slow, and each twin, alone: found, measured and named, or passed."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from tests.full import tables
from tests.midnight import PROJECT
from tests.real.leaking import ROUTES, SHOWS, planted_line, played

pytestmark = [pytest.mark.full, pytest.mark.timeout(36_000)]

TIMES = int(os.environ.get("MIDNIGHT_LEAKS", "10"))
DOCUMENT = PROJECT / "docs/leaks.md"
ROUNDS = "{warm_up: 550, requests: 50, count: 3, rate: 120, idle: 6s}"
FAST = {"sessions_after": 20}  # at each request it would use up both pools
SLOW = 50
TWINS = ("files", "clients", "unclosed", "threads", "greenlets", "contexts", "models", "fragments")
HEADER = ("leak", "1 per", "runs", "found", "no bound seen", "measured per request", "place", "level")
INNOCENT = ("twin", "runs", "called a leak", "no bound seen")


@pytest.mark.usefixtures("nothing_left")
def test_every_leak_is_found_measured_and_named(tmp_path: Path) -> None:
    rows: list[list[object]] = []
    wrong: list[str] = []
    for leak, resource in SHOWS.items():
        for every in (FAST.get(leak, 1), SLOW):
            base = "fragile" if leak == "sessions_after" else "hardened"
            found, doubted, rates, places, levels = 0, 0, [], set(), set()
            for number in range(TIMES):
                place = tmp_path / f"{leak}-{every}-{number}"
                verdict = played(place, {f"leaks.{leak}": {"every": every}}, ROUTES[leak], ROUNDS, base)
                finding = of_leak(verdict.findings, leak, resource)
                if finding is None:
                    wrong.append(f"{leak} at 1 per {every} missed: {verdict.findings}")
                    continue
                found += finding["outcome"] == "fail"
                doubted += finding["outcome"] == "unknown"
                rates.append(finding["measured"])
                own = finding["evidence"]["resource"]
                placed = {"place": own.partition(":at ")[2], "level": 3}
                named = [placed] if placed["place"] else finding["evidence"]["places"][:1]
                places |= {str(each.get("place") or each.get("what")).rpartition("/")[2] for each in named}
                levels |= {each["level"] for each in named}
            right = all(planted_line(leak) in place for place in places) and places
            rate = f"{min(rates):.4f} to {max(rates):.4f}" if rates else "–"
            shown = planted_line(leak) if right else ", ".join(sorted(places)) or "–"
            rows.append(
                [leak, every, TIMES, found, doubted, rate, shown, ", ".join(map(str, sorted(levels)))]
            )
            tables.write("leaks", HEADER, rows, DOCUMENT)
            if any(abs(each * every - 1) > 0.2 for each in rates):
                wrong.append(f"{leak} at 1 per {every} measured {rates}")
    assert not wrong


def of_leak(findings: dict[str, Any], leak: str, resource: str) -> dict[str, Any] | None:
    """What is said of its resource, else of its line: a busy pool may hide it from outside."""
    told = [each for each in findings.values() if each["outcome"] in ("fail", "unknown")]
    plain = [each for each in told if each["evidence"].get("resource") == resource]
    placed = [each for each in told if planted_line(leak) in str(each["evidence"].get("resource"))]
    return next(iter([*plain, *placed]), None)


@pytest.mark.usefixtures("nothing_left")
def test_no_innocent_twin_is_called_a_leak(tmp_path: Path) -> None:
    rows: list[list[object]] = []
    for twin in TWINS:
        called, doubted = 0, 0
        for number in range(TIMES):
            changes = {f"twins.{twin}": {"every": 1}}
            verdict = played(tmp_path / f"{twin}-{number}", changes, ROUTES[twin], ROUNDS)
            called += bool(verdict.failed())
            doubted += any(each["outcome"] == "unknown" for each in verdict.findings.values())
        rows.append([twin, TIMES, called, doubted])
        tables.write("twins", INNOCENT, rows, DOCUMENT)
    assert [row for row in rows if row[2]] == []
