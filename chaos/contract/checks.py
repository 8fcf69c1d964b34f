"""The contract of a check: a pure function of a stored run. More runs come from the fixture `midnight_runs`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import get_args

import pytest

from chaos.checks import Check, Finding, Judged, Outcome, registered
from chaos.checks.finding import Unit
from chaos.checks.finite import json_safe
from chaos.contract import nights
from chaos.record.journal import Journal
from chaos.record.store import RunDir
from chaos.spec.experiment import Experiment


@pytest.fixture
def check(midnight_subject: str) -> Check[Judged]:
    return registered.by_name()[midnight_subject]


@pytest.fixture
def runs(tmp_path: Path, midnight_runs: Sequence[Path]) -> list[RunDir]:
    return [*nights.write_all(tmp_path), *map(RunDir, midnight_runs)]


def judged(run: RunDir) -> Judged:
    journal = Journal(run)
    return Judged(Experiment.model_validate(journal.manifest.experiment), journal)


def as_text(findings: list[Finding]) -> str:
    return json.dumps(json_safe([asdict(each) for each in findings]), indent=1)


def test_it_finds_the_same_every_time(check: Check[Judged], runs: list[RunDir]) -> None:
    for run in runs:
        subject = judged(run)
        first = as_text(check.findings(subject))
        assert as_text(check.findings(subject)) == first, run.path.name
        assert as_text(check.findings(judged(run))) == first, run.path.name


def test_it_changes_no_file_of_the_run(check: Check[Judged], runs: list[RunDir]) -> None:
    for run in runs:
        before = nights.content(run)
        check.judge(judged(run))
        assert nights.content(run) == before


def test_its_findings_fit_a_report(check: Check[Judged], runs: list[RunDir]) -> None:
    for run in runs:
        for finding in check.findings(judged(run)):
            assert isinstance(finding, Finding)
            assert finding.outcome in set(Outcome) and finding.unit in get_args(Unit)
            assert finding.because, "one sentence with the numbers"
            json.dumps(finding.evidence)


def test_a_run_that_was_never_played_proves_nothing(check: Check[Judged], tmp_path: Path) -> None:
    outcomes = {finding.outcome for finding in check.judge(judged(nights.empty(tmp_path / "empty")))}
    assert not outcomes & {Outcome.PASS, Outcome.FAIL}, "nothing was observed: the outcome is unknown"


def test_an_aborted_run_does_not_raise(check: Check[Judged], tmp_path: Path) -> None:
    check.judge(judged(nights.aborted(tmp_path / "aborted")))
