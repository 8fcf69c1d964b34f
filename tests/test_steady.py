"""The baseline: its availability judges the bad answers, its p99 the good ones, and neither stands for the other."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from chaos.checks.bounds import Account
from chaos.record.events import BaselineEnded
from chaos.record.hits import DTYPE, HitTable, Outcome
from chaos.run.baseline import judge_hits
from chaos.spec.load import Baseline


def hits(good: int, bad: int = 0, *, took: float = 0.01, how: Outcome = Outcome.BAD_STATUS) -> HitTable:
    table: HitTable = np.zeros(good + bad, DTYPE)
    table["due"] = np.arange(good + bad)
    table["done"] = table["due"] + took
    table["outcome"] = [Outcome.GOOD] * good + [how] * bad
    return table


def judged(table: HitTable, **asked: Any) -> BaselineEnded:
    return judge_hits(Baseline.model_validate({"for": "10s", "rate": 10, **asked}), table, own(0), 10.0)


def own(in_doubt: int) -> Account:
    return Account(40, in_doubt, 0.02, 0.001, 0.0075, "the 30 ms of p99")


def test_an_availability_below_99_percent_can_be_met() -> None:
    found = judged(hits(98, 2), availability="98%", p99="100ms")
    assert (found.steady, found.availability) == (True, 0.98)
    assert found.p99 == pytest.approx(0.01)


def test_a_single_additional_bad_answer_breaks_the_steady_state() -> None:
    found = judged(hits(97, 3), availability="98%")
    assert not found.steady
    assert found.because == "97 of 100 requests were good, 98.00% required"


def test_slow_good_answers_break_the_steady_state_regardless_of_the_bad_ones() -> None:
    found = judged(hits(98, 2, took=0.5), availability="98%", p99="100ms")
    assert (found.steady, found.because) == (False, "p99 500 ms is above 100 ms")


def test_both_bounds_are_reported_if_both_are_broken() -> None:
    found = judged(hits(90, 10, took=0.5), p99="100ms")
    assert "90 of 100 requests were good" in found.because and "p99 500 ms" in found.because


def test_without_an_answer_the_load_never_reached_the_target() -> None:
    found = judged(hits(0, 5, how=Outcome.REFUSED), availability="50%")
    assert "the load never reached the target" in found.because
    assert found.p99 is None


def test_a_baseline_without_requests_is_not_a_steady_state() -> None:
    assert judged(hits(0)).because.startswith("no request was due")


@pytest.mark.parametrize(("in_doubt", "steady"), [(0, True), (3, True), (20, True), (21, False)])
def test_an_objective_too_fine_for_the_machine_is_reported_or_stops_the_run(
    in_doubt: int, steady: bool
) -> None:
    baseline = Baseline.model_validate({"for": "10s", "rate": 10})
    found = judge_hits(baseline, hits(100), own(in_doubt), 10.0)
    assert found.steady is steady
    said = f"{in_doubt} of 40 windows exceed the lag of 7.5 ms that the 30 ms of p99 allow"
    assert (said in found.because) is (in_doubt > 0)
    assert (
        "this machine is too slow for what is to be judged: midnight itself sent up to 20 ms late"
        in found.because
    ) is not steady
