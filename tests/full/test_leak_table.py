"""Each leak of the reference stack, fast and slow, and each twin, alone: found, measured and named, or passed."""

from __future__ import annotations

import json
import os
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.full import tables
from tests.midnight import PROJECT, Midnight
from tests.real.leaking import ROUTES, SHOWS, Verdict, planted_line, played

pytestmark = [pytest.mark.full, pytest.mark.timeout(36_000)]

TIMES = int(os.environ.get("MIDNIGHT_LEAKS", "10"))
ABREAST = int(os.environ.get("MIDNIGHT_ABREAST", "2"))  # more is too much for two CPUs
DOCUMENT = PROJECT / "docs/leaks.md"
ROUNDS = "{warm_up: 550, requests: 50, count: 3, rate: 120, idle: 6s}"
FAST = {"sessions_after": 20}  # at each request it would use up both pools
SLOW = 50
SOUND = int(os.environ.get("MIDNIGHT_SOUND", "50"))
TWINS = ("files", "clients", "unclosed", "threads", "greenlets", "contexts", "models", "fragments")
HEADER = ("leak", "1 per", "runs", "found", "no bound seen", "measured per request", "place", "level")
INNOCENT = ("twin", "runs", "called a leak", "no bound seen")
UNHURT = ("runs", "called a leak", "no bound seen", "a worker restarted")


@pytest.mark.usefixtures("nothing_left")
def test_every_leak_is_found_measured_and_named(tmp_path: Path) -> None:
    rows: list[list[object]] = []
    wrong: list[str] = []
    with ThreadPoolExecutor(ABREAST) as pool:
        planted = [(leak, every) for leak in SHOWS for every in (FAST.get(leak, 1), SLOW)]
        plays = [
            each_played(pool, tmp_path / f"{leak}-{every}", {f"leaks.{leak}": {"every": every}}, leak)
            for leak, every in planted
        ]
        for (leak, every), begun in zip(planted, plays, strict=True):
            row, complaints = told_of(leak, every, [each.result() for each in begun])
            rows.append(row)
            wrong += complaints
            tables.write("leaks", HEADER, rows, DOCUMENT)
    assert not wrong


def each_played(
    pool: ThreadPoolExecutor, place: Path, changes: dict[str, Any], kind: str
) -> list[Future[Verdict]]:
    """`TIMES` plays, begun as soon as the pool has room: most of a play is waiting for its quiet points."""
    base = "fragile" if kind == "sessions_after" else "hardened"
    return [
        pool.submit(played, place / str(number), changes, ROUTES[kind], ROUNDS, base)
        for number in range(TIMES)
    ]


def told_of(leak: str, every: int, verdicts: list[Verdict]) -> tuple[list[object], list[str]]:
    """A row of the table, and what is wrong in it."""
    found = [(each, of_leak(each.findings, leak, SHOWS[leak])) for each in verdicts]
    wrong = [f"{leak} at 1 per {every} missed: {each.findings}" for each, finding in found if finding is None]
    findings = [finding for _, finding in found if finding is not None]
    outcomes = [each["outcome"] for each in findings]
    rates = [each["measured"] for each in findings]
    if any(abs(each * every - 1) > 0.2 for each in rates):
        wrong.append(f"{leak} at 1 per {every} measured {rates}")
    named = [each for finding in findings for each in places_of(finding)]
    places = {str(each.get("place") or each.get("what")).rpartition("/")[2] for each in named}
    levels = sorted({each["level"] for each in named})
    right = places and all(planted_line(leak) in place for place in places)
    if outcomes.count("fail") and not right:
        wrong.append(f"{leak} at 1 per {every} named {places}")
    rate = f"{min(rates):.4f} to {max(rates):.4f}" if rates else "–"
    shown = planted_line(leak) if right else ", ".join(sorted(places)) or "–"
    row: list[object] = [leak, every, len(verdicts), outcomes.count("fail"), outcomes.count("unknown"), rate]
    return [*row, shown, ", ".join(map(str, levels))], wrong


def places_of(finding: dict[str, Any]) -> list[dict[str, Any]]:
    """The places that it names: its resource may be a line of code itself."""
    own = finding["evidence"]["resource"].partition(":at ")[2]
    return [{"place": own, "level": 3}] if own else finding["evidence"]["places"][:1]


def of_leak(findings: dict[str, Any], leak: str, resource: str) -> dict[str, Any] | None:
    """What is said of its resource, else of its line: a busy pool may hide it from outside."""
    told = [each for each in findings.values() if each["outcome"] in ("fail", "unknown")]
    plain = [each for each in told if each["evidence"].get("resource") == resource]
    placed = [each for each in told if planted_line(leak) in str(each["evidence"].get("resource"))]
    return next(iter([*plain, *placed]), None)


@pytest.mark.usefixtures("nothing_left")
def test_no_innocent_twin_is_called_a_leak(tmp_path: Path) -> None:
    rows: list[list[object]] = []
    with ThreadPoolExecutor(ABREAST) as pool:
        plays = [each_played(pool, tmp_path / twin, {f"twins.{twin}": {"every": 1}}, twin) for twin in TWINS]
    for twin, begun in zip(TWINS, plays, strict=True):
        verdicts = [each.result() for each in begun]
        called = sum(bool(each.failed()) for each in verdicts)
        doubted = sum(
            any(each["outcome"] == "unknown" for each in verdict.findings.values()) for verdict in verdicts
        )
        rows.append([twin, TIMES, called, doubted])
        tables.write("twins", INNOCENT, rows, DOCUMENT)
    assert [row for row in rows if row[2]] == []


@pytest.mark.usefixtures("nothing_left")
def test_the_hardened_profile_is_never_called_leaky(tmp_path: Path) -> None:
    """The experiment that ships, a seed each."""

    def play(seed: int) -> list[dict[str, Any]]:
        place = tmp_path / str(seed)
        place.mkdir()
        done = Midnight(place)(
            "run", "leaks", "--profile", "hardened", "--seed", str(seed), "--json", timeout=900
        )
        return [each for each in json.loads(done.out)["findings"] if each["check"] == "leaks"]

    with ThreadPoolExecutor(ABREAST) as pool:
        plays = list(pool.map(play, range(1, 1 + SOUND)))
    called = [each for found in plays for each in found if each["outcome"] == "fail"]
    doubted = [[each for each in found if each["outcome"] == "unknown"] for found in plays]
    restarted = sum("a process ended or began" in str(found) for found in doubted)
    row = [len(plays), len(called), sum(map(bool, doubted)) - restarted, restarted]
    tables.write("sound", UNHURT, [row], DOCUMENT)
    assert all(plays) and called == []
