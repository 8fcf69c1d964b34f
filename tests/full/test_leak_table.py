"""The leaks of the reference stack, fast and slow, and the twins: each found, measured and named, or passed."""

from __future__ import annotations

import json
import os
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
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
SLOW = 50
SOUND = int(os.environ.get("MIDNIGHT_SOUND", "50"))
TWINS = ("files", "clients", "unclosed", "threads", "greenlets", "contexts", "models")
HEADER = ("leak", "1 per", "runs", "found", "no bound seen", "measured per request", "place", "level")
INNOCENT = ("twins", "runs", "called a leak", "no bound seen")
UNHURT = ("runs", "called a leak", "no bound seen", "a worker restarted")


@dataclass(frozen=True, slots=True)
class Planted:
    """What is planted in one play: of each leak or twin, one per this many requests."""

    every: dict[str, int]
    base: str = "hardened"
    kind: str = "leaks"
    again: int = 1  # the larger dose: only what grows slowly, or may be a large cache, needs it
    rate: int = 80  # requests per second

    def play(self, place: Path) -> Verdict:
        changes = {f"{self.kind}.{name}": {"every": every} for name, every in self.every.items()}
        rounds = f"{{warm_up: 550, requests: 50, count: 3, rate: {self.rate}, idle: 6s, again: {self.again}}}"
        return played(place, changes, sorted({ROUTES[name] for name in self.every}), rounds, self.base)

    def begin(self, pool: ThreadPoolExecutor, place: Path) -> list[Future[Verdict]]:
        """`TIMES` plays, begun as soon as the pool has room: most of a play is waiting for its quiet points."""
        return [pool.submit(self.play, place / str(number)) for number in range(TIMES)]


OF_POOLS = ("sessions_after", "sessions")  # at each request they would use up both pools
FAST_OF_POOLS = 20
KEPT = ("contexts", "models")
OTHERS = [leak for leak in SHOWS if leak not in (*OF_POOLS, *KEPT)]
LEAKS = (
    Planted(dict.fromkeys(OTHERS, 1)),
    Planted(dict.fromkeys(KEPT, 1), again=10),  # with this dose the others exhaust the service
    Planted(dict.fromkeys((*OTHERS, *KEPT), SLOW), again=10),
    *(Planted({leak: FAST_OF_POOLS}, "fragile") for leak in OF_POOLS),
    *(Planted({leak: SLOW}, "fragile", again=10) for leak in OF_POOLS),
)
INNOCENTS = (
    Planted(dict.fromkeys(TWINS, 1), kind="twins", again=10),
    Planted({"fragments": 1}, kind="twins", rate=10),  # 30 MB are read for each request
)


@pytest.mark.usefixtures("nothing_left")
def test_every_leak_is_found_measured_and_named(tmp_path: Path) -> None:
    rows: list[list[object]] = []
    wrong: list[str] = []
    with ThreadPoolExecutor(ABREAST) as pool:
        begun = [(each, each.begin(pool, tmp_path / str(number))) for number, each in enumerate(LEAKS)]
        for planted, plays in begun:
            verdicts = [each.result() for each in plays]
            for leak, every in planted.every.items():
                row, complaints = told_of(leak, every, verdicts)
                rows.append(row)
                wrong += complaints
            tables.write("leaks", HEADER, rows, DOCUMENT)
    assert not wrong


def told_of(leak: str, every: int, verdicts: list[Verdict]) -> tuple[list[object], list[str]]:
    """A row of the table, and what is wrong in it."""
    found = [(each, of_leak(each.findings, leak, SHOWS[leak])) for each in verdicts]
    wrong = [f"{leak} at 1 per {every} missed: {each.findings}" for each, finding in found if finding is None]
    findings = [finding for _, finding in found if finding is not None]
    outcomes = [each["outcome"] for each in findings]
    if every < SLOW and outcomes.count("fail") < len(verdicts):
        wrong.append(f"{leak} at 1 per {every} is fast, and was not proven each time: {outcomes}")
    rates = [each["measured"] for each in findings]
    if any(abs(each * every - 1) > 0.2 for each in rates):
        wrong.append(f"{leak} at 1 per {every} measured {rates}")
    named = [each for finding in findings for each in places_of(finding)]
    places = {str(each.get("place") or each.get("what")).rpartition("/")[2] for each in named}
    levels = sorted({each["level"] for each in named})
    right = len(named) == len(findings) and all(planted_line(leak) in place for place in places)
    if not right:
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
    told = [each for each in told if each["evidence"].get("route") == ROUTES[leak]]
    plain = [each for each in told if each["evidence"].get("resource") == resource]
    placed = [each for each in told if planted_line(leak) in str(each["evidence"].get("resource"))]
    return next(iter([*plain, *placed]), None)


@pytest.mark.usefixtures("nothing_left")
def test_no_innocent_twin_is_called_a_leak(tmp_path: Path) -> None:
    with ThreadPoolExecutor(ABREAST) as pool:
        begun = [each.begin(pool, tmp_path / str(number)) for number, each in enumerate(INNOCENTS)]
    played = [(each, [play.result() for play in plays]) for each, plays in zip(INNOCENTS, begun, strict=True)]
    tables.write("twins", INNOCENT, [told_of_twins(*each) for each in played], DOCUMENT)
    assert [verdict.failed() for _, verdicts in played for verdict in verdicts if verdict.failed()] == []


def told_of_twins(planted: Planted, verdicts: list[Verdict]) -> list[object]:
    """A row of the table."""
    called = sum(bool(each.failed()) for each in verdicts)
    doubted = sum(
        any(each["outcome"] == "unknown" for each in verdict.findings.values()) for verdict in verdicts
    )
    return [", ".join(planted.every), len(verdicts), called, doubted]


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
    restarted = sum("a process ended, began or could not be read" in str(found) for found in doubted)
    row = [len(plays), len(called), sum(map(bool, doubted)) - restarted, restarted]
    tables.write("sound", UNHURT, [row], DOCUMENT)
    assert all(plays) and called == []
