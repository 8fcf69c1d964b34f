"""Whether the nightly job survived the night, by the exit code and output that its target file expects."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from chaos.checks import jobs
from chaos.checks.finding import Finding, Outcome
from chaos.record.journal import Event
from tests.checks.synthetic import Night, step_events

STEP = {"name": "nightly", "fault": "batch_job", "at": 20, "hold": 20}
TWICE = {"name": "twice", "fault": "overlap", "at": 20, "hold": 20}


def played(completed: float, ended: str) -> list[Event]:
    return step_events("nightly", 20, 30, dose={"completed": completed}, evidence={"ended": ended})


def found(place: Path, limit: int | None, steps: list[Event], *asked: dict[str, Any]) -> Finding | None:
    limits = {} if limit is None else {"failed_jobs": limit}
    night = Night(changed={"limits": limits, "steps": list(asked or (STEP,))}, steps=steps)
    return night.findings(place, jobs.check).get("failed_jobs")


@pytest.mark.parametrize(
    ("limit", "completed", "ended", "outcome", "words"),
    [
        (0, 1.0, "completed", Outcome.PASS, "0 of 1 job failed, 0 allowed; nightly: completed"),
        (
            0,
            0.0,
            "exit code 3: no such table",
            Outcome.FAIL,
            "1 of 1 job failed, 0 allowed; nightly: exit code 3",
        ),
        (0, 0.0, "still running when the hold ended", Outcome.FAIL, "still running"),
        (1, 0.0, "exit code 3: no such table", Outcome.PASS, "1 allowed"),
        (None, 0.0, "exit code 3: no such table", Outcome.NOT_EXERCISED, "no limit is set"),
    ],
)
def test_a_failed_job_is_counted_against_the_limit(
    tmp_path: Path, limit: int | None, completed: float, ended: str, outcome: Outcome, words: str
) -> None:
    finding = found(tmp_path, limit, played(completed, ended))
    assert finding is not None and finding.outcome is outcome, finding
    assert words in finding.because


def test_nothing_is_said_of_jobs_that_were_done_if_no_limit_asks(tmp_path: Path) -> None:
    assert found(tmp_path, None, played(1.0, "completed")) is None


def test_a_job_that_never_started_is_unknown(tmp_path: Path) -> None:
    finding = found(tmp_path, 0, [])
    assert finding is not None and finding.outcome is Outcome.UNKNOWN and "nightly" in finding.because


def test_runs_that_overlap_may_give_up(tmp_path: Path) -> None:
    steps = [*played(1.0, "completed"), *step_events("twice", 20, 30, evidence={"ended": "exit code 7"})]
    finding = found(tmp_path, 0, steps, STEP, TWICE)
    assert finding is not None and finding.outcome is Outcome.PASS
