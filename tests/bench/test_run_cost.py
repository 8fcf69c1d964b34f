"""What a run took is split without a rest, and what was not played is no measurement."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench import run_cost
from bench.attack import BenchError
from chaos.record.event import Recorded
from chaos.record.events import BaselineBegun, PlayEnded, RunBegun, RunEnded, TargetReady, TargetRising
from chaos.record.journal import Writer
from chaos.record.store import RunDir

ZERO = 1000.0  # of the run's clock, on the monotonic one
EVENTS: list[Recorded] = [
    RunBegun(0.01, monotonic=ZERO),
    TargetRising(0.5, "embedded"),
    TargetReady(4.0, "embedded"),
    BaselineBegun(4.5),
    PlayEnded(29.5, settled=False),
    RunEnded(32.0, reason="completed"),
]


def journal_of(place: Path, events: list[Recorded]) -> RunDir:
    run = RunDir(place)
    writer = Writer(run.events)
    for event in events:
        writer.event(event.timed(lambda: 0.0))
    writer.close()
    return run


def test_every_second_of_the_command_is_in_one_span(tmp_path: Path) -> None:
    spans = run_cost.spans(journal_of(tmp_path, EVENTS), ZERO - 1.0, ZERO + 33.0)
    seconds = [1.01, 0.49, 3.5, 0.5, 25.0, 2.5, 1.0]
    assert [*spans.values()] == pytest.approx(seconds)
    assert sum(spans.values()) == pytest.approx(34.0)
    assert [row[1] for row in run_cost.rows(spans)] == [f"{each:.2f}" for each in seconds]


@pytest.mark.parametrize(("later", "met"), [(0.0, True), (2.0, False)])
def test_the_timeline_is_not_counted_and_what_takes_longer_than_the_aim_is_missed(
    tmp_path: Path, later: float, met: bool
) -> None:
    spans = run_cost.spans(journal_of(tmp_path, EVENTS), ZERO - 1.0, ZERO + 33.0 + later)
    (figure,) = run_cost.figures(spans)
    assert (figure.ours, figure.met) == (f"{9 + later:g} s", met)


def test_a_run_that_was_not_played_to_its_end_is_not_measured(tmp_path: Path) -> None:
    run = journal_of(tmp_path, EVENTS[:3])
    with pytest.raises(BenchError, match="not played to its end"):
        run_cost.spans(run, ZERO, ZERO + 33.0)
