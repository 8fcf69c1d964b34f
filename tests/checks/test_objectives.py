"""Availability, latency, recovery, RTO and pool: each once pass, once fail, once unknown."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chaos.checks import recovery
from chaos.checks.finding import Outcome
from chaos.checks.judged import Judged
from chaos.checks.slo import availability, latency, pool
from chaos.record.hits import Outcome as Hit
from tests.checks.synthetic import LENGTH, STEP, Night, approx, step_events

PASS, FAIL, UNKNOWN, IDLE = Outcome.PASS, Outcome.FAIL, Outcome.UNKNOWN, Outcome.NOT_EXERCISED


def test_availability_passes_with_exactly_the_required_ratio(tmp_path: Path) -> None:
    found = Night(bad=[(0, 0.6, Hit.BAD_STATUS)]).findings(tmp_path, availability.check)["availability"]
    assert (found.outcome, found.measured) == (PASS, 0.99)
    assert found.because == "availability 99 % ≥ 99 % (594 of 600 hits good)"


def test_availability_fails_with_one_hit_less(tmp_path: Path) -> None:
    found = Night(bad=[(0, 0.7, Hit.TIMEOUT)]).findings(tmp_path, availability.check)["availability"]
    assert found.outcome is FAIL
    assert found.because == "availability 98.833 % < 99 % (593 of 600 hits good)"


def test_availability_is_unknown_when_the_hits_in_doubt_decide(tmp_path: Path) -> None:
    found = Night(doubted=[(30, 31)]).findings(tmp_path, availability.check)["availability"]
    assert (found.outcome, found.measured) == (UNKNOWN, 1.0)
    assert found.evidence["lowest"] == approx(590 / 600)


def test_availability_fails_even_if_every_hit_in_doubt_were_good(tmp_path: Path) -> None:
    night = Night(bad=[(0, 6, Hit.REFUSED)], doubted=[(30, 40)])
    assert night.findings(tmp_path, availability.check)["availability"].outcome is FAIL


def test_a_hit_that_was_due_but_never_sent_by_an_honest_instrument_is_bad(tmp_path: Path) -> None:
    found = Night(bad=[(10, 20, Hit.UNSENT)]).findings(tmp_path, availability.check)["availability"]
    assert (found.outcome, found.measured) == (FAIL, approx(500 / 600))


def test_a_hit_pending_beyond_its_timeout_is_bad(tmp_path: Path) -> None:
    found = Night(bad=[(10, 20, Hit.PENDING)]).findings(tmp_path, availability.check)["availability"]
    assert found.outcome is FAIL


def test_hits_never_sent_after_the_load_process_died_leave_it_unknown(tmp_path: Path) -> None:
    night = Night(bad=[(50, 60, Hit.UNSENT), (49, 50, Hit.PENDING)], instrument_until=50)
    found = night.findings(tmp_path, availability.check)["availability"]
    assert (found.outcome, found.evidence["indeterminate"]) == (UNKNOWN, 110)


def test_availability_is_reported_by_step_and_by_route(tmp_path: Path) -> None:
    found = Night(bad=[(20, 21, Hit.TIMEOUT)]).findings(tmp_path, availability.check)["availability"]
    assert found.evidence["by_step"]["drop"]["hits"] == 20
    assert found.evidence["by_step"]["drop"]["ratio"] == 0.5
    assert found.evidence["by_route"]["write"]["hits"] == 120


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    st.lists(st.sampled_from([Hit.GOOD, Hit.TIMEOUT, Hit.UNSENT]), min_size=60, max_size=60),
    st.sets(st.integers(0, 59), max_size=12),
    st.sampled_from([50, 90, 95, 99]),
)
def test_availability_agrees_with_trying_both_extremes(
    tmp_path_factory: pytest.TempPathFactory, seconds: list[Hit], doubted: set[int], asked: int
) -> None:
    night = Night(
        changed={"slos": [{"name": "availability", "availability": f"{asked}%"}]},
        bad=[(second, second + 1, outcome) for second, outcome in enumerate(seconds)],
        doubted=[(second, second + 1) for second in doubted],
    )
    found = night.findings(tmp_path_factory.mktemp("night"), availability.check)["availability"]
    sure = sum(10 for at, hit in enumerate(seconds) if hit is Hit.GOOD and at not in doubted)
    at_worst, at_best = (good * 100 >= asked * 600 for good in (sure, sure + 10 * len(doubted)))
    assert found.outcome is (PASS if at_worst else UNKNOWN if at_best else FAIL)


def test_latency_passes_while_the_slow_are_fewer_than_the_percentile_leaves(tmp_path: Path) -> None:
    found = Night(slow=[(10, 10.6, 9.0)]).findings(tmp_path, latency.check)["p99"]
    assert (found.outcome, found.measured) == (PASS, approx(0.01))


def test_latency_fails_with_one_slow_hit_more(tmp_path: Path) -> None:
    found = Night(slow=[(10, 10.7, 9.0)]).findings(tmp_path, latency.check)["p99"]
    assert (found.outcome, found.measured, found.allowed) == (FAIL, approx(9.0), 2)
    assert found.because == "p99 9 s > 2 s"


def test_a_hit_that_was_not_good_counts_as_infinitely_slow(tmp_path: Path) -> None:
    found = Night(bad=[(10, 11, Hit.REFUSED)]).findings(tmp_path, latency.check)["p99"]
    assert (found.outcome, found.measured) == (FAIL, math.inf)
    assert "10 of 600 hits were bad" in found.because


def test_latency_is_unknown_when_the_hits_in_doubt_decide(tmp_path: Path) -> None:
    assert Night(doubted=[(10, 11)]).findings(tmp_path, latency.check)["p99"].outcome is UNKNOWN


def test_a_hit_done_in_a_window_in_doubt_is_indeterminate(tmp_path: Path) -> None:
    night = Night(slow=[(10, 12, 3.0)], doubted=[(13, 15)])
    assert night.findings(tmp_path, latency.check)["p99"].outcome is UNKNOWN


def test_recovery_counts_from_the_undo_and_rto_from_the_start(tmp_path: Path) -> None:
    night = Night(bad=[(20, 30, Hit.REFUSED)])
    found = night.findings(tmp_path, recovery.check)
    assert (found["recovery"].outcome, found["recovery"].measured) == (PASS, approx(30 - STEP[1]))
    assert (found["rto"].outcome, found["rto"].measured) == (IDLE, approx(10))
    assert "not evidence" in found["rto"].because


def test_recovery_fails_beyond_its_limit(tmp_path: Path) -> None:
    found = Night(bad=[(20, 38, Hit.REFUSED)]).findings(tmp_path, recovery.check)["recovery"]
    assert (found.outcome, found.measured) == (FAIL, approx(16))
    assert found.because == "recovery 16 s > 15 s (time out with no fault acting)"


def test_the_time_between_two_steps_counts_as_recovery_too(tmp_path: Path) -> None:
    steps = [*step_events("drop", 10, 12), *step_events("again", 30, 31)]
    again = {"name": "again", "fault": "idle_drop", "at": 30, "hold": 5}
    night = Night(bad=[(10, 32, Hit.REFUSED)], steps=steps)
    night.changed["steps"] = [{"name": "drop", "fault": "idle_drop", "at": 10, "hold": 5}, again]
    found = night.findings(tmp_path, recovery.check)["recovery"]
    assert (found.outcome, found.measured) == (FAIL, approx(18))


def test_a_service_down_at_the_end_is_not_a_pass_even_without_limits(tmp_path: Path) -> None:
    night = Night(bad=[(55, 60, Hit.REFUSED)], changed={"limits": {}})
    found = night.findings(tmp_path, recovery.check)
    assert found["recovery"].outcome is UNKNOWN
    assert found["rto"].outcome is UNKNOWN
    assert found["rto"].because == (
        "RTO > 5 s: not recovered at the end of the observation, and nothing broken by then, budget 15m"
    )


@pytest.mark.parametrize(("down", "outcome"), [(15, UNKNOWN), (16, FAIL)])
def test_an_outage_not_observed_to_its_end_fails_only_the_limits_broken_by_then(
    down: int, outcome: Outcome, tmp_path: Path
) -> None:
    night = Night(bad=[(60 - down, 60, Hit.REFUSED)], changed={"budget": {"rto": 15, "rpo": 300}})
    found = night.findings(tmp_path, recovery.check)
    assert (found["recovery"].outcome, found["rto"].outcome) == (outcome, outcome)
    if outcome is FAIL:
        assert found["recovery"].because == "recovery at least 16 s > 15 s (time out with no fault acting)"


def test_a_limit_that_the_steps_left_no_room_to_break_is_not_evidence(tmp_path: Path) -> None:
    held = Night(bad=[(20, 24, Hit.REFUSED)], steps=step_events("drop", 20, 50))
    found = held.findings(tmp_path / "held", recovery.check)["recovery"]
    assert found.outcome is IDLE
    assert "not evidence: at most 10 s without a step, which could not break 15 s" in found.because
    short = Night(bad=[(20, 46, Hit.REFUSED)], steps=step_events("drop", 20, 44))
    assert short.findings(tmp_path / "short", recovery.check)["recovery"].outcome is PASS


def few(*bad: float) -> Night:
    """A night of 12 hits a second, two of them bad from each of these seconds on: as in outages of 100 ms."""
    due = [tick / 12 for tick in range(int(LENGTH * 12))]
    return Night(due=due, bad=[(at, at + 0.16, Hit.REFUSED) for at in bad], steps=[])


def test_too_few_hits_give_bounds_and_prove_no_outage(tmp_path: Path) -> None:
    """Two bad hits each time: the ratio is not met for ten seconds on end, and nothing was down for so long."""
    found = few(10, 18, 26, 34).findings(tmp_path / "limit", recovery.check)["recovery"]
    assert (found.outcome, found.measured) == (UNKNOWN, None)
    assert found.because == "recovery between 0 s and 24.17 s: too few hits to tell, 15 s allowed"
    kept = few(10, 18).findings(tmp_path / "kept", recovery.check)["recovery"]
    assert (kept.outcome, kept.because) == (
        IDLE,
        "no outage to recover from: too few bad hits to prove one, at most 8.17 s",
    )


def test_an_outage_that_enough_hits_prove_is_one_at_any_rate(tmp_path: Path) -> None:
    night = Night(due=[float(at) for at in range(int(LENGTH))], bad=[(20, 40, Hit.REFUSED)], steps=[])
    found = night.findings(tmp_path, recovery.check)["recovery"]
    assert (found.outcome, found.measured) == (FAIL, approx(20))


def test_a_bad_hit_in_the_last_second_is_not_an_ongoing_outage(tmp_path: Path) -> None:
    found = few(59.5).findings(tmp_path / "few", recovery.check)
    assert {finding.outcome for finding in found.values()} == {IDLE}
    night = few()
    night.bad = [(59, 60, Hit.REFUSED)]
    found = night.findings(tmp_path / "enough", recovery.check)
    assert {finding.outcome for finding in found.values()} == {UNKNOWN}


def test_an_observation_that_ended_before_good_service_was_sustained_proves_nothing(tmp_path: Path) -> None:
    found = Night(bad=[(45, 52, Hit.REFUSED)]).findings(tmp_path, recovery.check)
    assert found["recovery"].outcome is UNKNOWN
    assert "not observed long enough: 8 s of 10 s of good service, 15 s allowed" in found["recovery"].because
    assert found["rto"].outcome is IDLE  # a play of a minute could not break the budget


def test_a_good_end_too_short_to_be_sustained_is_not_a_failure_without_limits(tmp_path: Path) -> None:
    night = Night(bad=[(45, 52, Hit.REFUSED)], changed={"limits": {}})
    assert {finding.outcome for finding in night.findings(tmp_path, recovery.check).values()} == {IDLE}


@pytest.mark.parametrize(
    "bad", [(30, 52), (44, 60), (44, 59.9)], ids=["a good end", "a bad end", "one good hit"]
)
def test_no_end_saves_a_limit_that_is_over(bad: tuple[float, float], tmp_path: Path) -> None:
    found = Night(bad=[(*bad, Hit.REFUSED)]).findings(tmp_path, recovery.check)
    assert found["recovery"].outcome is FAIL


def test_without_an_outage_recovery_is_not_exercised(tmp_path: Path) -> None:
    found = Night().findings(tmp_path, recovery.check)
    assert {finding.outcome for finding in found.values()} == {IDLE}


def test_recovery_is_unknown_when_the_hits_in_doubt_decide(tmp_path: Path) -> None:
    night = Night(bad=[(20, 25, Hit.REFUSED)], doubted=[(25, 40)])
    assert night.findings(tmp_path, recovery.check)["recovery"].outcome is UNKNOWN


def test_a_budget_the_play_can_break_is_judged(tmp_path: Path) -> None:
    night = Night(bad=[(20, 30, Hit.REFUSED)], changed={"budget": {"rto": 9, "rpo": 300}})
    assert night.findings(tmp_path, recovery.check)["rto"].outcome is FAIL
    night = Night(bad=[(20, 30, Hit.REFUSED)], changed={"budget": {"rto": 11, "rpo": 300}})
    assert night.findings(tmp_path / "kept", recovery.check)["rto"].outcome is PASS


def test_a_cut_play_proves_a_violation_only_if_the_rest_could_not_repair_it(tmp_path: Path) -> None:
    cut = Night(bad=[(10, 20, Hit.REFUSED), (20, 60, Hit.UNSENT)], played=20, instrument_until=20)
    assert cut.findings(tmp_path / "proven", availability.check)["availability"].outcome is FAIL
    cut = Night(bad=[(19.5, 20, Hit.REFUSED), (20, 60, Hit.UNSENT)], played=20, instrument_until=20)
    found = cut.findings(tmp_path / "open", availability.check)["availability"]
    assert (found.outcome, found.evidence["hits"]) == (UNKNOWN, 200)


def test_hits_due_after_the_cut_are_not_evidence_though_the_instrument_lived_on(tmp_path: Path) -> None:
    cut = Night(bad=[(50, 60, Hit.UNSENT)], played=50)
    found = cut.findings(tmp_path, availability.check)["availability"]
    assert (found.outcome, found.measured) == (UNKNOWN, 1.0)


def test_the_bounds_hold_the_figure_between_them(tmp_path: Path) -> None:
    night = Night(bad=[(5, 9, Hit.TIMEOUT), (50, 60, Hit.UNSENT)], doubted=[(7, 20)], instrument_until=55)
    observation = Judged(*night.write(tmp_path)).observation
    assert observation is not None
    assert not np.any(observation.at_worst & ~observation.at_best)
    assert np.all(observation.at_worst <= observation.good)
    assert np.all(observation.good <= observation.at_best)


OUT, TIMED = ("api", "pool_checked_out"), ("api", "pool_waits_timed_out")


def test_the_pool_may_be_full_during_the_faults(tmp_path: Path) -> None:
    night = Night(gauges={OUT: [(20, 22, 40)], TIMED: [(21, LENGTH, 9)]})
    found = night.findings(tmp_path, pool.check)["pool"]
    assert (found.outcome, found.measured) == (PASS, approx(0.05))
    assert found.evidence["during"]["in_use"] == 1.0


@pytest.mark.parametrize("span", [(16, 17), (58, 59)])
def test_the_pool_must_have_room_before_and_after_them(tmp_path: Path, span: tuple[float, float]) -> None:
    found = Night(gauges={OUT: [(*span, 32)]}).findings(tmp_path, pool.check)["pool"]
    assert (found.outcome, found.measured) == (FAIL, approx(0.8))


def test_a_wait_that_timed_out_after_the_faults_fails_the_pool(tmp_path: Path) -> None:
    found = Night(gauges={TIMED: [(57, LENGTH, 1)]}).findings(tmp_path, pool.check)["pool"]
    assert found.outcome is FAIL


def test_a_pool_that_was_not_sampled_is_unknown(tmp_path: Path) -> None:
    assert Night(sampled=False).findings(tmp_path, pool.check)["pool"].outcome is UNKNOWN


def test_a_step_that_outlasts_the_play_leaves_the_pool_unknown(tmp_path: Path) -> None:
    night = Night(steps=step_events("drop", STEP[0], LENGTH + 1))
    assert night.findings(tmp_path, pool.check)["pool"].outcome is UNKNOWN
