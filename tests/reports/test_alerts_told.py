"""The report has every alert of the play: in its timeline, and as text for paper and for those who see no colour."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from chaos.checks.rejudge import judge_run
from chaos.record.journal import Event, Journal, Writer
from chaos.record.store import RunDir
from chaos.reports import alerted
from chaos.reports.html import render
from chaos.spec.units import show_seconds
from tests.reports.stored_run import LENGTH, PLAY, write_run

PAGE = {"severity": "page"}


def event(at: float, name: str, phase: str, labels: dict[str, str] | None = None, **more: Any) -> Event:
    """`at`: seconds of play."""
    return Event(PLAY + at, "alert", name, phase, {"labels": labels or PAGE, "since": PLAY + at, **more})


ALERTS = [
    event(-20, "Watchdog", "firing"),
    event(-20, "LowDisk", "pending"),
    event(-5, "LowDisk", "resolved", was="pending"),
    event(52, "ApiDown", "pending"),
    event(57, "ApiDown", "firing"),
    event(57.5, "ApiDown", "delivered", {**PAGE, "cluster": "a"}, status="firing"),
    event(80, "ApiDown", "resolved", was="firing"),
    event(80.5, "ApiDown", "delivered", status="resolved"),
    event(60, "PoolNearlyFull", "firing", {"severity": "ticket", "pool": "main"}),
    event(62, "Flapping", "pending"),
    event(64, "Flapping", "resolved", was="pending"),
    event(70, "Flapping", "pending"),
    event(LENGTH + 8, "Flapping", "firing"),
    event(LENGTH + 3, "AfterThePlay", "firing"),
]


def run_with(path: Path, events: list[Event]) -> RunDir:
    run = write_run(path)
    writer = Writer(run.events)
    for each in events:
        writer.event(each)
    writer.close()
    return run


@pytest.fixture(scope="module")
def monitored(tmp_path_factory: pytest.TempPathFactory) -> RunDir:
    return run_with(tmp_path_factory.mktemp("runs") / "monitored", ALERTS)


@pytest.fixture(scope="module")
def html(monitored: RunDir) -> str:
    return render(Journal(monitored), judge_run(monitored))


def test_the_table_has_when_each_was_pending_firing_delivered_and_resolved(monitored: RunDir) -> None:
    found = alerted.section(Journal(monitored))
    assert found is not None
    assert found.rows == [
        ["ApiDown", "severity=page", "+52 s", "+57 s", "+57.5 s", "+1m 20s"],
        ["PoolNearlyFull", "severity=ticket, pool=main", "–", "+1m", "–", "–"],
        ["Flapping", "severity=page", "+1m 2s", "–", "–", "+1m 4s"],
        ["Flapping", "severity=page", "+1m 10s", f"+{show_seconds(LENGTH + 8)}", "–", "–"],
        ["AfterThePlay", "severity=page", "–", f"+{show_seconds(LENGTH + 3)}", "–", "–"],
    ]
    assert found.notes == ["pending or firing before the play and until its end: Watchdog"]


def test_the_page_has_the_table_and_both_timelines_name_the_alerts_of_the_play(html: str) -> None:
    assert re.search(r"<h2>Alerts\b", html)
    for value in ("+52 s", "+57.5 s", "severity=ticket, pool=main"):
        assert value in html, value
    wide, narrow = re.findall(r"<svg.*?</svg>", html, re.S)[:2]
    for drawn in (wide, narrow):
        shown = re.findall(r">(ApiDown|PoolNearlyFull|Flapping|AfterThePlay|Watchdog|LowDisk)<", drawn)
        assert shown == ["ApiDown", "PoolNearlyFull", "Flapping"]


def test_without_a_watched_prometheus_the_page_says_nothing_of_alerts(tmp_path: Path) -> None:
    run = write_run(tmp_path / "plain")
    page = render(Journal(run), judge_run(run))
    assert "<h2>Alerts" not in page and "line while pending" not in page


def test_of_a_storm_the_first_are_drawn_and_the_rest_counted(tmp_path: Path) -> None:
    storm = [event(30 + number / 10, f"Alert{number}", "firing") for number in range(50)]
    journal = Journal(run_with(tmp_path / "storm", storm))
    found = alerted.section(journal)
    assert found is not None and len(found.rows) == alerted.LISTED
    assert found.notes == ["and 10 more rows"]
    assert len(alerted.drawn(journal)) == alerted.DRAWN
