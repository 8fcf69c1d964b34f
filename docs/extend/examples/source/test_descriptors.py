"""The source counts in real processes; the check judges planted runs, whose truth the tests know."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from midnight_descriptors import Descriptors, descriptors_per_request, judge

from chaos.checks import Judged, Measured
from chaos.plugin import Handles, ProcessRef
from chaos.record import hits
from chaos.record.hits import HitsHeader, Outcome
from chaos.record.journal import Event, Journal, Sample, Writer
from chaos.record.store import RunDir
from chaos.spec.experiment import Experiment

EXPERIMENT = {
    "name": "planted",
    "title": "A truth that the test knows",
    "load": {
        "timeout": 1,
        "mix": {"read": 1},
        "baseline": {"for": 1, "rate": 10},
        "phases": [{"name": "day", "for": 100, "rate": 10}],
    },
    "slos": [{"name": "availability", "availability": "90%"}],
}
EVENTS = [
    Event(0.0, "run", "run", "begun", {"utc": "", "boot": "", "monotonic": 0.0}),
    Event(0.0, "run", "play", "begun", {"length": 100.0}),
    Event(100.0, "run", "play", "ended"),
]


def planted(
    place: Path,
    opened: Callable[[float], float],
    until: float = 100.0,
    *more: Event,
    source: str = "descriptors",
) -> Judged:
    """Ten hits a second for 100 s; `opened` has the descriptors by the second, sampled `until` then."""
    run = RunDir(place)
    about = {"version": 1, "id": "planted-1", "experiment": EXPERIMENT, "target": {"name": "none"}, "seed": 1}
    run.run_file.write_text(json.dumps(about))
    writer = Writer(run.events)
    for event in (*EVENTS, *more):
        writer.event(event)
    writer.close()
    due = np.arange(0, 100, 0.1)
    table = hits.create(run.hits, due, np.zeros(1000, np.uint8), np.full(1000, -1, np.int64))
    table["sent"], table["done"], table["outcome"] = due, due + 0.01, Outcome.GOOD
    HitsHeader(("read",), (), (1.0,)).save(run.hits_header)
    samples = Writer(run.samples)
    for at in np.arange(0, until, 0.25):
        samples.samples([Sample(float(at), source, "open", opened(float(at)))])
    samples.close()
    return Judged(Experiment.model_validate(EXPERIMENT), Journal(run))


@pytest.mark.parametrize(
    ("opened", "outcome", "measured"),
    [
        (lambda at: 20 + at * 10, "fail", 1.0),  # one for each request
        (lambda at: 20 + min(at, 40) * 10, "pass", 0.0),  # a pool that is full before the middle
        (lambda at: 20 + int(at * 4) % 2, "pass", 0.0),  # those of requests in flight
    ],
    ids=["a leak", "a pool", "in flight"],
)
def test_growth_counts_only_after_the_middle(
    tmp_path: Path, opened: Callable[[float], float], outcome: str, measured: float
) -> None:
    (found,) = judge(planted(tmp_path, opened))
    assert found.outcome == outcome and found.measured == pytest.approx(measured, abs=0.01)


def test_a_source_that_was_lost_proves_nothing(tmp_path: Path) -> None:
    lost = Event(30.0, "sampling", "descriptors", "lost", {"because": "RuntimeError: gone"})
    (found,) = judge(planted(tmp_path, lambda _: 20.0, 30.0, lost))
    assert found.outcome == "unknown" and "RuntimeError: gone" in found.because


def test_a_target_without_processes_has_nothing_to_judge_and_one_that_ended_early_is_unknown(
    tmp_path: Path,
) -> None:
    for name, until, source, outcome in (
        ("nothing", 100.0, "other", "not exercised"),
        ("ended", 60.0, "descriptors", "unknown"),
    ):
        (tmp_path / name).mkdir()
        (found,) = judge(planted(tmp_path / name, lambda _: 20.0, until, source=source))
        assert (found.outcome, found.measured) == (outcome, None)


def test_the_figure_is_what_the_check_measured(tmp_path: Path) -> None:
    judged = planted(tmp_path, lambda at: 20 + at * 10)
    assert descriptors_per_request.measure is not None
    assert descriptors_per_request.measure(Measured(judged, judge(judged))) == pytest.approx(1, abs=0.01)


def test_open_descriptors_are_counted_and_those_of_a_later_process_of_that_pid_are_not(
    midnight_handles: Handles,
) -> None:
    source = Descriptors.of(midnight_handles)
    assert source is not None
    before = source.read()["open"]
    opened = [os.open(os.devnull, os.O_RDONLY) for _ in range(20)]
    assert source.read()["open"] == before + 20
    for each in opened:
        os.close(each)
    assert Descriptors([ProcessRef(os.getpid(), 0.0)]).read() == {}
