"""Planted alerts: fired in time or late, never, delivered or not, resolved or not, read or not, and other ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from chaos.checks import alerts
from chaos.checks.finding import Finding
from chaos.checks.slo import query
from chaos.record.journal import Event
from tests.checks.synthetic import PLAY, STEP, Night, step_events

START, UNDONE = PLAY + STEP[0], PLAY + STEP[1]
LABELS = {"severity": "page"}
API_DOWN: dict[str, Any] = {"name": "down", "alert": "ApiDown", "labels": LABELS, "fires_within": 10}


def alert(at: float, phase: str, name: str = "ApiDown", **detail: Any) -> Event:
    """`at`: seconds from the injection; looked at a second before."""
    given = {"labels": LABELS, "last": START + at - 1, "since": START + at, **detail}
    return Event(START + at, "alert", name, phase, given)


def watch(name: str = "prometheus", phase: str = "reached", at: float = -10, **detail: Any) -> Event:
    return Event(START + at, "alerts", name, phase, detail)


REACHED = watch(rules={"ApiDown": 5.0})
ENDED = watch(phase="ended", at=60)
FIRED = [alert(3, "pending"), alert(8, "firing"), alert(20, "resolved", was="firing")]


def judged(path: Path, objective: dict[str, Any], events: list[Event]) -> dict[str, Finding]:
    night = Night(changed={"alerts": [objective]}, steps=[*step_events("drop", *STEP), *events])
    return night.findings(path, alerts.check)


def outcome(path: Path, objective: dict[str, Any], *events: Event, name: str = "down") -> tuple[str, str]:
    found = judged(path, objective, list(events))[name]
    return found.outcome, found.because


def test_one_that_fires_in_time_passes_with_the_seconds_from_the_injection(tmp_path: Path) -> None:
    found = judged(tmp_path, API_DOWN, [REACHED, *FIRED, ENDED])["down"]
    assert found.outcome == "pass" and found.measured == pytest.approx(8)
    assert found.because.startswith("ApiDown fired 8 s after the first injection")


@pytest.mark.parametrize(
    ("events", "expected", "words"),
    [
        ([REACHED, alert(3, "pending"), alert(12, "firing"), ENDED], "fail", "too late, 10 s allowed"),
        (
            [REACHED, alert(12, "firing", since=None, last=START + 7), ENDED],
            "unknown",
            "in time or too late",
        ),
        ([REACHED, ENDED], "fail", "never fired: its condition never held"),
        (
            [REACHED, alert(3, "pending"), alert(6, "resolved", was="pending"), ENDED],
            "fail",
            "pending for 3 s at most, and its rule waits `for: 5 s`",
        ),
        ([REACHED, alert(3, "firing", labels={"severity": "info"}), ENDED], "fail", "without the labels"),
        ([REACHED, watch(phase="ended", at=4)], "unknown", "watched for only 4 s"),
        ([watch(phase="lost", because="refused"), ENDED], "unknown", "Prometheus was not watched: refused"),
        ([], "unknown", "the target names none"),
        ([REACHED, alert(-5, "firing"), ENDED], "unknown", "was firing before the injection"),
        ([REACHED, alert(-5, "pending"), ENDED], "unknown", "was pending before the injection"),
        (
            [REACHED, watch(phase="lost", at=1), watch(at=9), ENDED],
            "unknown",
            "Prometheus was not read for 8 s",
        ),
        (
            [REACHED, alert(-9, "firing"), alert(-3, "resolved", was="firing"), *FIRED, ENDED],
            "pass",
            "fired 8 s",
        ),
    ],
)
def test_each_way_to_fire_has_its_outcome(
    events: list[Event], expected: str, words: str, tmp_path: Path
) -> None:
    found, because = outcome(tmp_path, API_DOWN, *events)
    assert found == expected and words in because, because


@pytest.mark.parametrize(
    ("events", "expected", "words"),
    [
        ([alert(9, "delivered", status="firing")], "pass", "delivered 9 s after"),
        ([], "not exercised", "midnight has no receiver"),
        ([watch("receiver", "lost", because="taken")], "unknown", "taken"),
        ([watch("receiver"), watch("alertmanager", "lost", because="refused")], "unknown", "refused"),
        (
            [watch("receiver"), watch("alertmanager", wired=False)],
            "not exercised",
            "midnight target receiver",
        ),
        ([watch("receiver"), watch("alertmanager", wired=True)], "fail", "Alertmanager never received it"),
        (
            [
                watch("receiver"),
                watch("alertmanager", wired=True),
                alert(9, "routed", receivers=["tickets"], suppressed=False),
            ],
            "fail",
            "routed it to tickets",
        ),
        (
            [watch("receiver"), watch("alertmanager", wired=True), alert(9, "routed", suppressed=True)],
            "fail",
            "suppressed it",
        ),
        ([alert(9, "delivered", status="resolved")], "not exercised", ""),
    ],
)
def test_each_end_of_the_chain_has_its_outcome(
    events: list[Event], expected: str, words: str, tmp_path: Path
) -> None:
    objective = {**API_DOWN, "delivered": True}
    found, because = outcome(tmp_path, objective, REACHED, *FIRED, *events, ENDED, name="down: delivered")
    assert found == expected and words in because, because


@pytest.mark.parametrize(
    ("resolved", "ended", "expected"),
    [(20, 60, "pass"), (30, 60, "fail"), (None, 60, "fail"), (None, 15, "unknown"), (1.9, 60, "pass")],
)
def test_it_is_resolved_in_time_after_the_last_undo(
    resolved: float | None, ended: float, expected: str, tmp_path: Path
) -> None:
    objective = {**API_DOWN, "resolves_within": 20}
    events = [alert(1, "firing")]
    if resolved is not None:
        events.append(alert(resolved, "resolved", was="firing"))
    end = watch(phase="ended", at=ended)
    found, because = outcome(tmp_path, objective, REACHED, *events, end, name="down: resolved")
    assert found == expected, because


@pytest.mark.parametrize("broken", [True, False], ids=["a link broke", "none did"])
def test_each_instant_is_also_told_from_the_first_broken_link(broken: bool, tmp_path: Path) -> None:
    objective = {**API_DOWN, "delivered": True, "resolves_within": 20}
    events = [REACHED, *FIRED, alert(9, "delivered", status="firing"), ENDED]
    stalls = {("volume:data", "sync_wait"): [(STEP[0] + 4.25, STEP[0] + 10, 0.4)]} if broken else {}
    steps = [*step_events("drop", *STEP), *events]
    night = Night(changed={"alerts": [objective]}, steps=steps, gauges=stalls)
    found = night.findings(tmp_path, alerts.check)
    told = {
        "down": "ApiDown fired 8 s after the first injection",
        "down: delivered": "ApiDown was delivered 9 s after the first injection",
        "down: resolved": "ApiDown was resolved 18 s after the last undo",
    }
    after = {"down": 4, "down: delivered": 5, "down: resolved": 16}
    for name, because in told.items():
        link = f", {after[name]} s after the first broken link" if broken else ""
        assert found[name].because == because + link
        assert found[name].evidence.get("after_link") == (pytest.approx(after[name]) if broken else None)
    pending = found["down"].evidence.get("pending_after_link")
    assert pending == (pytest.approx(-1) if broken else None)


QUIET: dict[str, Any] = {"name": "quiet", "none": LABELS, "except": ["ApiDown"]}


@pytest.mark.parametrize(
    ("events", "expected", "words"),
    [
        (FIRED, "pass", "no other alert with severity=page fired"),
        ([alert(5, "firing", "PoolFull")], "fail", "PoolFull 5 s after the first injection"),
        ([alert(5, "firing", "PoolFull", labels={"severity": "info"})], "pass", ""),
        ([alert(5, "pending", "PoolFull")], "pass", ""),
        ([alert(-5, "firing", "PoolFull")], "unknown", "PoolFull was firing before"),
        ([watch(phase="lost", at=1), watch(at=9)], "unknown", "not read for 8 s"),
    ],
)
def test_no_other_one_may_fire(events: list[Event], expected: str, words: str, tmp_path: Path) -> None:
    found, because = outcome(tmp_path, QUIET, REACHED, *events, ENDED, name="quiet")
    assert found == expected and words in because, because


def test_only_one_that_begins_to_fire_in_the_play_is_unexpected(tmp_path: Path) -> None:
    before = Night(steps=[REACHED, alert(-25, "firing")]).write(tmp_path / "before")[1]
    after = Night(steps=[REACHED, *FIRED]).write(tmp_path / "after")[1]
    assert alerts.unexpected(before, "ApiDown") is None
    assert alerts.unexpected(after, "ApiDown") == LABELS
    assert alerts.unexpected(after, "Other") is None


def points(*values: float | None) -> list[dict[str, float]]:
    """One for each second of the play."""
    return [
        {"at": PLAY + second, "least": value, "most": value}
        for second, value in enumerate(values)
        if value is not None
    ]


@pytest.mark.parametrize(
    ("given", "expected", "words"),
    [
        (points(*[0.5] * 61), "pass", "at worst 0.5, 0 s into the play, below 0.8 required"),
        (points(*[0.5] * 30, 0.8, *[0.5] * 30), "fail", "at worst 0.8, 30 s into the play"),
        (points(*[0.5] * 30, *[None] * 5, *[0.5] * 26), "unknown", "1 gap without data, the longest 6 s"),
        (points(*[0.5] * 30, None, *[0.5] * 30), "pass", ""),
        (points(*[0.5] * 20), "unknown", "the longest 41 s"),
        ([], "unknown", "the query has no data in the play"),
        (None, "unknown", "the query was not run after the play"),
    ],
)
def test_a_query_is_judged_over_the_play(
    given: list[dict[str, float]] | None, expected: str, words: str, tmp_path: Path
) -> None:
    slo = {"name": "pool", "promql": "pool_in_use", "below": 0.8}
    detail = {"promql": "pool_in_use", "step": 1.0, "series": 1, "points": given}
    read = [] if given is None else [Event(PLAY + 70, "query", "pool", "read", detail)]
    night = Night(changed={"slos": [slo]}, steps=[*step_events("drop", *STEP), *read])
    found = night.findings(tmp_path, query.check)["pool"]
    assert found.outcome == expected and words in found.because, found.because
