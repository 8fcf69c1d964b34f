"""After an abort: when service counts as back, and what the hits that were left out mean."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from chaos.checks import recovery
from chaos.checks.finding import Outcome
from chaos.checks.judged import Judged
from chaos.record import hits
from chaos.record.hits import HitTable
from chaos.record.hits import Outcome as Hit
from chaos.record.journal import Event
from chaos.run.aftermath import is_back, rate_of
from chaos.spec.experiment import Experiment
from chaos.spec.experiment import Outage as Rule
from tests.checks.synthetic import PLAY, Night, approx, experiment_file

RULE = Rule(below=0.99, window=1, sustained=2)


def gentle(path: Path, *outcomes: Hit) -> HitTable:
    """Five hits a second from second 100 on, with these outcomes."""
    due = 100 + np.arange(len(outcomes)) / 5
    table = hits.create(path / "hits.npy", due, np.zeros(len(due), np.uint8), np.full(len(due), -1))
    table["outcome"] = outcomes
    return table


BAD, GOOD, OPEN = Hit.REFUSED, Hit.GOOD, Hit.PENDING


@pytest.mark.parametrize(
    ("outcomes", "back"),
    [
        ([BAD] * 20, False),
        ([BAD] * 5 + [GOOD] * 5, False),
        ([BAD] * 5 + [GOOD] * 15, True),
        ([GOOD] * 15, True),
        ([GOOD] * 5, False),
        ([BAD] * 5 + [GOOD] * 5 + [OPEN] + [GOOD] * 20, False),
    ],
    ids=["down", "good for a second", "good for three", "never down", "too early", "one is still open"],
)
def test_service_is_back_once_it_was_good_for_as_long_as_a_recovery_asks(
    tmp_path: Path, outcomes: list[Hit], back: bool
) -> None:
    assert is_back(gentle(tmp_path, *outcomes), RULE, 100.0, 100 + len(outcomes) / 5) is back


def test_a_load_that_has_not_begun_shows_nothing(tmp_path: Path) -> None:
    table = gentle(tmp_path, *[GOOD] * 50)
    table["due"] -= 100
    assert not is_back(table, RULE, 100.0, 110.0)


def test_the_rate_is_gentle_and_never_more_than_the_play_sent() -> None:
    def rate(phase: float) -> float:
        document = experiment_file()
        document["load"]["phases"] = [{"name": "all", "for": 60, "rate": phase}]
        return rate_of(Experiment.model_validate(document))

    assert (rate(40), rate(2)) == (5, 2)


def night(**more: Any) -> Night:
    """Down from second 20; aborted at 30; sent at a tenth of the rate from then on, and back at 40, watched to 55."""
    left_out = [(at / 10, at / 10 + 0.05, Hit.UNSENT) for at in range(300, 600) if at % 10]
    bad = [(20.0, 40.0, Hit.REFUSED), *left_out, (55.0, 60.0, Hit.UNSENT)]
    ended = {"reason": "aborted", "because": "abort condition 'target-down'"}
    return Night(bad=bad, played=30.0, ended=ended, **more)


WATCHED = [
    Event(PLAY + 30, "run", "aftermath", "begun", {"rate": 1.0}),
    Event(PLAY + 55, "run", "aftermath", "ended", {"start": PLAY + 30, "back": True}),
]


def test_an_outage_that_was_watched_after_an_abort_has_its_length(tmp_path: Path) -> None:
    found = night(steps=WATCHED, changed={"limits": {"recovery": 25}})
    recovered = found.findings(tmp_path, recovery.check)["recovery"]
    assert (recovered.outcome, recovered.measured) == (Outcome.PASS, approx(20, abs=0.2))


def test_an_outage_that_outlasts_its_limit_is_a_violation(tmp_path: Path) -> None:
    found = night(steps=WATCHED, changed={"limits": {"recovery": 15}})
    assert found.findings(tmp_path, recovery.check)["recovery"].outcome is Outcome.FAIL


def test_without_having_been_watched_its_length_is_not_known(tmp_path: Path) -> None:
    found = night(steps=[], changed={"limits": {"recovery": 25}})
    assert found.findings(tmp_path, recovery.check)["recovery"].outcome is Outcome.UNKNOWN


def test_hits_that_were_left_out_count_neither_way(tmp_path: Path) -> None:
    observation = Judged(*night(steps=WATCHED).write(tmp_path)).observation
    assert observation is not None
    assert observation.indeterminate[observation.unsent].all()
    assert not observation.indeterminate[~observation.unsent].any()
