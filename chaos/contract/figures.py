"""The contract of a figure: a pure function of a judged run. More runs come from the fixture `midnight_runs`."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import get_args

import pytest

from chaos.checks import figures, registered
from chaos.checks.check import findings_of
from chaos.checks.figure import Figure
from chaos.checks.finding import Unit
from chaos.checks.judged import Judged
from chaos.checks.measured import Measured
from chaos.contract import nights
from chaos.record.journal import Journal
from chaos.record.store import RunDir
from chaos.spec.experiment import Experiment

Measuring = Callable[[RunDir], float | None]


@pytest.fixture
def figure(midnight_subject: str) -> Figure:
    return figures.named(midnight_subject)


@pytest.fixture
def measure(figure: Figure) -> Measuring:
    """Measure it in a run."""
    if figure.measure is None:
        pytest.skip("it is read from stored verdicts")
    of = figure.measure

    def measured(run: RunDir) -> float | None:
        journal = Journal(run)
        judged = Judged(Experiment.model_validate(journal.manifest.experiment), journal)
        return of(Measured(judged, findings_of(registered.every(), judged)))

    return measured


def test_it_measures_the_same_every_time_and_changes_no_file(
    measure: Measuring, tmp_path: Path, midnight_runs: Sequence[Path]
) -> None:
    for run in [*nights.write_all(tmp_path), *map(RunDir, midnight_runs)]:
        before = nights.content(run)
        first = measure(run)
        assert measure(run) == first, run.path.name
        assert nights.content(run) == before


def test_it_measures_a_number_or_none(
    figure: Figure, measure: Measuring, tmp_path: Path, midnight_runs: Sequence[Path]
) -> None:
    for run in [*nights.write_all(tmp_path), *map(RunDir, midnight_runs)]:
        value = measure(run)
        if value is not None:
            beyond = figure.rank is not None and value == math.inf  # on a hit that was never good
            assert beyond or math.isfinite(float(value)), run.path.name


def test_a_run_that_was_never_played_has_no_value(measure: Measuring, tmp_path: Path) -> None:
    assert measure(nights.empty(tmp_path / "empty")) is None, "nothing was observed: 0 would be a lie"


def test_it_can_be_shown_and_compared(figure: Figure) -> None:
    assert figure.label and figure.unit in get_args(Unit)
    assert figure.show(0.5)
    for allowed in (figure.room.known, figure.room.unknown) if figure.room is not None else ():
        assert allowed.allowed(1.0) >= 0
    assert figure.least is None or figure.least >= 0
