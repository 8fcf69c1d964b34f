"""A run is planted, with a known truth in it, and judged: no target is needed."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from midnight_undisturbed import judge

from chaos.checks import Judged
from chaos.record import hits
from chaos.record.hits import HitsHeader, Outcome
from chaos.record.journal import Event, Journal, Writer
from chaos.record.store import RunDir
from chaos.spec.experiment import Experiment

EXPERIMENT = {
    "name": "planted",
    "title": "A truth that the test knows",
    "load": {
        "timeout": 1,
        "mix": {"read": 1},
        "baseline": {"for": 1, "rate": 10},
        "phases": [{"name": "day", "for": 10, "rate": 10}],
    },
    "steps": [{"name": "drop", "fault": "idle_drop", "at": 4, "hold": 2}],
    "slos": [{"name": "availability", "availability": "90%"}],
}
EVENTS = [
    Event(0.0, "run", "run", "begun", {"utc": "", "boot": "", "monotonic": 0.0}),
    Event(0.0, "run", "play", "begun", {"length": 10.0}),
    Event(4.0, "step", "drop", "injecting", {"fault": "idle_drop", "undo": {}}),
    Event(6.0, "step", "drop", "undone", {"evidence": {}}),
    Event(10.0, "run", "play", "ended"),
]


def planted(place: Path, bad: slice, lag: float = 0.001) -> Judged:
    """Ten hits a second for 10 s; those of `bad` timed out; a step acts from 4 s to 6 s."""
    run = RunDir(place)
    about = {"version": 1, "id": "planted-1", "experiment": EXPERIMENT, "target": {"name": "none"}, "seed": 1}
    run.run_file.write_text(json.dumps(about))
    writer = Writer(run.events)
    for event in EVENTS:
        writer.event(event)
    writer.close()
    due = np.arange(0, 10, 0.1)
    table = hits.create(run.hits, due, np.zeros(100, np.uint8), np.full(100, -1, np.int64))
    table["sent"], table["done"], table["outcome"] = due, due + 0.01, Outcome.GOOD
    table["outcome"][bad] = Outcome.TIMEOUT
    HitsHeader(("read",), (), (1.0,)).save(run.hits_header)
    said = {"start": 0.0, "end": 12.0, "lag": lag, "run_delay": 0.0}
    run.instrument.write_text(f'{{"version": 1}}\n{json.dumps(said)}\n')
    return Judged(Experiment.model_validate(EXPERIMENT), Journal(run))


@pytest.mark.parametrize(
    ("bad", "lag", "outcome", "measured"),
    [
        (slice(40, 60), 0.001, "pass", 1.0),  # while the step acted
        (slice(70, 72), 0.001, "fail", 78 / 80),  # afterwards
        (slice(40, 60), 5.0, "unknown", 0.0),  # the load generator was late: all hits are doubted
    ],
)
def test_only_hits_outside_of_steps_count(
    tmp_path: Path, bad: slice, lag: float, outcome: str, measured: float
) -> None:
    (found,) = judge(planted(tmp_path, bad, lag))
    assert (found.outcome, found.measured) == (outcome, measured)
