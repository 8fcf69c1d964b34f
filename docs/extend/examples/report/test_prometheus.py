"""A format is a pure function of a verdict and its run, so a verdict made by hand is enough to test it."""

from __future__ import annotations

from pathlib import Path

from midnight_prometheus import render

from chaos.checks import Outcome
from chaos.checks.verdict import Verdict
from chaos.record.store import RunDir
from chaos.reports import JudgedRun


def test_what_was_measured_is_a_gauge_and_what_was_not_is_left_out(tmp_path: Path) -> None:
    figures = {"availability": 0.75, "rto": None, "lost_writes": 2}
    verdict = Verdict(
        Outcome.FAIL, 1, "FAIL: ...", (), (), figures, "run-1", "midnight", "embedded", "fragile", 1
    )
    labels = '{experiment="midnight",target="embedded",profile="fragile"}'
    assert render(JudgedRun(RunDir(tmp_path), verdict)).splitlines() == [
        "# TYPE midnight_exit_code gauge",
        f"midnight_exit_code{labels} 1.0",
        "# TYPE midnight_availability gauge",
        f"midnight_availability{labels} 0.75",
        "# TYPE midnight_lost_writes gauge",
        f"midnight_lost_writes{labels} 2.0",
    ]
