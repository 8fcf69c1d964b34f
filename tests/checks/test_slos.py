"""Each form of an SLO: once passed, once failed, once undecided, and what it says."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from chaos.checks.finding import Finding, Outcome
from chaos.checks.judged import Judged
from chaos.checks.slo import availability, burn_rate, latency
from chaos.record.hits import Outcome as Hit
from tests.checks.synthetic import LENGTH, STEP, Night, approx, experiment_file, step_events

PASS, FAIL, UNKNOWN = Outcome.PASS, Outcome.FAIL, Outcome.UNKNOWN

DROP = {"name": "drop", "fault": "idle_drop", "at": STEP[0], "hold": 5}
WITHIN = {"share": "90%", "below": "500ms"}
P90 = {"percentile": 90, "below": "500ms"}
BURN = {"at_most": 5, "window": "20s"}


def judged(path: Path, night: Night, **slo: Any) -> Finding:
    night.changed = {**night.changed, "slos": [{"name": "it", **slo}]}
    checks = (availability.check, latency.check, burn_rate.check)
    [found] = [finding for check in checks for finding in check(Judged(*night.write(path)))]
    return found


FORMS: dict[str, dict[str, Any]] = {
    "availability of a route": {"availability": "99%", "route": "write"},
    "availability while a step acted": {"availability": "90%", "step": "drop"},
    "availability of a route while a step acted": {"availability": "90%", "route": "write", "step": "drop"},
    "availability in windows": {"availability": "90%", "window": "10s"},
    "availability in slices": {"availability": "75%", "timeslices": {"window": "15s", "target": "95%"}},
    "a share of latency": {"latency": WITHIN},
    "a share of latency in windows": {"latency": WITHIN, "window": "10s"},
    "a percentile of a route": {"latency": P90, "route": "read"},
    "a percentile while a step acted": {"latency": P90, "step": "drop"},
    "a percentile in windows": {"latency": P90, "window": "10s"},
    "a burn rate": {"availability": "95%", "burn_rate": BURN},
    "a burn rate of latency": {"latency": {**WITHIN, "share": "95%"}, "burn_rate": BURN},
    "a burn rate over two windows": {"availability": "95%", "burn_rate": {**BURN, "short": "2s"}},
}

SAYS = {
    "availability of a route": "availability of write 88.333 % < 99 % (106 of 120 hits good)",
    "availability while a step acted": "availability while drop acted 0 % < 90 % (0 of 20 hits good)",
    "availability of a route while a step acted": (
        "availability of write while drop acted 0 % < 90 % (0 of 4 hits good)"
    ),
    "availability in windows": "availability 60 % < 90 %: worst 10 s window, 14 s into the play: 60 of 100 hits good",
    "availability in slices": (
        "availability 50 % < 75 % (2 of 4 slices of 15 s reach 95 %, worst 15 s into the play: 110 of 150 hits good)"
    ),
    "a share of latency": "share within 500 ms 88.333 % < 90 % (530 of 600 hits good within 500 ms)",
    "a share of latency in windows": (
        "share within 500 ms 60 % < 90 %: worst 10 s window, 14 s into the play: 60 of 100 hits good within 500 ms"
    ),
    "a percentile of a route": (
        "p90 of read > 500 ms: 56 of 480 hits were bad, which counts as infinitely slow"
    ),
    "a percentile while a step acted": (
        "p90 while drop acted > 500 ms: 20 of 20 hits were bad, which counts as infinitely slow"
    ),
    "a percentile in windows": (
        "p90 > 500 ms: worst 10 s window, 14 s into the play: 60 of 100 hits good within 500 ms"
    ),
    "a burn rate": "burn rate 7 > 5 over 20 s: worst 13 s into the play, 130 of 200 hits good",
    "a burn rate of latency": "burn rate 7 > 5 over 20 s: worst 13 s into the play, 130 of 200 hits good within 500 ms",
    "a burn rate over two windows": "burn rate 7 > 5 over 20 s and 2 s: worst 13 s into the play, 130 of 200 hits good",
}


@pytest.mark.parametrize("form", FORMS)
def test_each_form_passes_on_a_healthy_night(form: str, tmp_path: Path) -> None:
    assert judged(tmp_path, Night(), **FORMS[form]).outcome is PASS


@pytest.mark.parametrize("form", FORMS)
def test_each_form_fails_on_a_bad_night_and_says_where(form: str, tmp_path: Path) -> None:
    found = judged(tmp_path, Night(bad=[(20, 24, Hit.TIMEOUT), (30, 33, Hit.REFUSED)]), **FORMS[form])
    assert found.outcome is FAIL
    assert found.because == SAYS[form]


@pytest.mark.parametrize("form", FORMS)
def test_each_form_is_unknown_if_the_hits_in_doubt_decide(form: str, tmp_path: Path) -> None:
    found = judged(tmp_path, Night(doubted=[(20, 32)]), **FORMS[form])
    assert found.outcome is UNKNOWN
    assert "lies between" in found.because
    assert found.evidence["indeterminate"] > 0


def test_a_bad_second_breaks_a_window_that_the_whole_night_forgives(tmp_path: Path) -> None:
    night = Night(bad=[(40, 41, Hit.TIMEOUT)])
    assert judged(tmp_path / "whole", night, availability="98%").outcome is PASS
    found = judged(tmp_path / "windows", night, availability="98%", window="5s")
    assert (found.outcome, found.measured, found.evidence["from"]) == (FAIL, 0.8, approx(36))


def test_a_share_of_exactly_the_target_passes_in_every_window(tmp_path: Path) -> None:
    night = Night(bad=[(at, at + 0.1, Hit.TIMEOUT) for at in range(60)])
    assert judged(tmp_path / "kept", night, availability="90%", window="10s").outcome is PASS
    assert judged(tmp_path / "lost", night, availability="90.1%", window="10s").outcome is FAIL


def test_a_hit_on_the_end_of_a_window_is_in_the_next(tmp_path: Path) -> None:
    found = judged(tmp_path, Night(bad=[(0, 60, Hit.TIMEOUT)]), availability="90%", window="10s")
    assert (found.evidence["good"], found.evidence["hits"]) == (0, 100)


def test_windows_with_fewer_than_the_required_hits_prove_nothing(tmp_path: Path) -> None:
    night = Night(bad=[(20, 60, Hit.TIMEOUT)])
    found = judged(tmp_path, night, availability="90%", window="10s", min_hits=101)
    assert (found.outcome, found.measured) == (UNKNOWN, None)
    assert found.because == "availability: no 10 s of 1m had 101 hits or more due in it"
    slo: dict[str, Any] = {"latency": P90, "route": "write", "window": "10s", "min_hits": 21}
    assert judged(tmp_path / "latency", night, **slo).outcome is UNKNOWN
    slo = {"availability": "95%", "burn_rate": BURN, "min_hits": 201}
    assert judged(tmp_path / "burn", night, **slo).outcome is UNKNOWN


@pytest.mark.parametrize("form", [{"availability": "99%"}, {"latency": P90}, {"latency": WITHIN}])
def test_a_step_that_never_acted_leaves_its_objectives_unknown(form: dict[str, Any], tmp_path: Path) -> None:
    found = judged(tmp_path, Night(steps=[]), step="drop", **form)
    assert found.outcome is UNKNOWN
    assert found.because.startswith("step drop never acted")


def test_a_window_longer_than_the_step_really_acted_is_unknown(tmp_path: Path) -> None:
    found = judged(tmp_path, Night(), availability="99%", step="drop", window="4s")
    assert found.outcome is UNKNOWN
    assert found.because == "availability while drop acted: no 4 s of 2 s had 1 hit or more due in it"


def test_a_route_that_was_never_due_leaves_its_objectives_unknown(tmp_path: Path) -> None:
    night = Night(
        changed={"load": {**experiment_file()["load"], "mix": {"read": 4, "write": 1, "rare": 0.001}}}
    )
    found = judged(tmp_path, night, availability="99%", route="rare")
    assert (found.outcome, found.because) == (
        UNKNOWN,
        "no hit of rare was due in the play, so there is no availability",
    )


def test_a_window_that_a_cut_play_left_open_fails_only_by_what_was_seen(tmp_path: Path) -> None:
    cut = Night(bad=[(18, 20, Hit.REFUSED), (20, 60, Hit.UNSENT)], played=20)
    found = judged(tmp_path / "proven", cut, availability="90%", window="10s")
    assert (found.outcome, found.measured) == (FAIL, 0.0)
    assert (
        found.because == "availability 0 % < 90 %: worst 10 s window, 18 s into the play: 0 of 20 hits good"
    )
    cut = Night(bad=[(19.5, 20, Hit.REFUSED), (20, 60, Hit.UNSENT)], played=20)
    assert judged(tmp_path / "open", cut, availability="90%", window="10s").outcome is UNKNOWN


def test_a_failure_shown_by_too_few_sent_hits_is_reported_by_its_bounds(tmp_path: Path) -> None:
    late = Night(bad=[(0, 3, Hit.REFUSED), (3, 60, Hit.UNSENT)], played=3)
    found = judged(tmp_path / "late", late, availability="90%", window="20s", min_hits=100)
    assert (found.outcome, found.measured) == (FAIL, 0.85)
    found = judged(tmp_path / "slow", late, latency=P90, window="20s", min_hits=100)
    assert (found.outcome, found.measured) == (FAIL, math.inf)


def test_the_figure_of_a_percentile_in_windows_is_the_worst_one(tmp_path: Path) -> None:
    night = Night(slow=[(30, 32, 0.2), (45, 46, 0.4), (50, 51.5, 0.3)])
    found = judged(tmp_path, night, latency=P90, window="10s")
    assert (found.outcome, found.measured) == (PASS, approx(0.3))
    assert (
        found.because
        == "p90 300 ms ≤ 500 ms: worst 10 s window, 41.5 s into the play: 100 of 100 hits good within 500 ms"
    )


def test_a_fast_burn_that_is_over_does_not_breach_a_rule_with_a_short_window(tmp_path: Path) -> None:
    night, rule = Night(bad=[(20, 24, Hit.TIMEOUT)]), {"at_most": 3, "window": "20s"}
    assert judged(tmp_path / "long", night, availability="95%", burn_rate=rule).outcome is FAIL
    rule = {"at_most": 3.5, "window": "20s", "short": "2s"}
    assert judged(tmp_path / "both", night, availability="95%", burn_rate=rule).outcome is FAIL
    blips = Night(bad=[(at, at + 0.5, Hit.TIMEOUT) for at in range(20, 40, 2)])
    rule = {"at_most": 5, "window": "20s"}
    found = judged(tmp_path / "blips", blips, availability="95%", burn_rate=rule)
    assert (found.outcome, found.measured) == (PASS, approx(5))


def test_a_burn_rate_of_exactly_what_is_allowed_passes(tmp_path: Path) -> None:
    night, rule = Night(bad=[(20, 22, Hit.TIMEOUT)]), {"at_most": 2, "window": "20s"}
    found = judged(tmp_path, night, availability="95%", burn_rate=rule)
    assert (found.outcome, found.measured) == (PASS, approx(2))


def test_the_finding_reports_the_error_budget_such_a_night_would_consume(tmp_path: Path) -> None:
    night = Night(bad=[(0, 6, Hit.TIMEOUT)])
    found = judged(tmp_path / "month", night, availability="99%")
    assert found.evidence["budget_consumed"] == approx(0.1 * LENGTH / (0.01 * 30 * 86400))
    assert found.evidence["error_budget"] == "this run would consume 0.02315 % of the 30d error budget"
    found = judged(tmp_path / "hour", night, latency={"share": "99%", "below": 1}, period="1h")
    assert found.evidence["budget_consumed"] == approx(1 / 6)
    assert found.evidence["error_budget"] == "this run would consume 16.67 % of the 1h error budget"
    found = judged(tmp_path / "burn", night, availability="99%", burn_rate={"at_most": 50, "window": "10s"})
    assert found.evidence["budget_consumed"] == approx(0.1 * LENGTH / (0.01 * 30 * 86400))
    slices = {"window": "10s", "target": "99%"}
    found = judged(tmp_path / "slices", night, availability="80%", timeslices=slices, period="1h")
    assert found.evidence["budget_consumed"] == approx(1 / 6 * 60 / (0.2 * 3600))


def test_a_step_can_only_consume_what_its_own_seconds_hold(tmp_path: Path) -> None:
    night = Night(bad=[(20, 21, Hit.TIMEOUT)])
    found = judged(tmp_path, night, availability="99%", step="drop", period="1h")
    assert found.evidence["budget_consumed"] == approx(0.5 * 2 / (0.01 * 3600))


def test_an_objective_of_100_percent_has_no_error_budget(tmp_path: Path) -> None:
    found = judged(tmp_path, Night(), availability="100%")
    assert found.outcome is PASS
    assert found.evidence["budget_consumed"] is None
    assert found.evidence["error_budget"] == "a target of 100 % has no error budget"


def test_a_percentile_has_no_budget(tmp_path: Path) -> None:
    assert "budget_consumed" not in judged(tmp_path, Night(), latency=P90).evidence


def test_the_figures_of_each_route_are_its_own(tmp_path: Path) -> None:
    night = Night(slow=[(0.0 + at, 0.1 + at, 0.4) for at in range(0, 60, 2)], bad=[(59, 60, Hit.TIMEOUT)])
    routes = judged(tmp_path, night, availability="90%").evidence["by_route"]
    write, read = routes["write"], routes["read"]
    assert (write["hits"], write["p50"], write["p95"], write["p99"]) == (
        120,
        approx(0.01),
        approx(0.4),
        math.inf,
    )
    assert (read["hits"], read["p50"], read["p95"]) == (480, approx(0.01), approx(0.01))


def test_an_objective_of_a_step_begins_and_ends_with_its_act(tmp_path: Path) -> None:
    steps = [*step_events("drop", 10, 12), *step_events("again", 30, 35)]
    again = {**DROP, "name": "again", "at": 30}
    night = Night(
        changed={"steps": [DROP, again]}, steps=steps, bad=[(30, 31, Hit.TIMEOUT), (35, 36, Hit.TIMEOUT)]
    )
    found = judged(tmp_path / "again", night, availability="99%", step="again")
    assert (found.outcome, found.measured) == (FAIL, 0.8)
    assert judged(tmp_path / "drop", night, availability="99%", step="drop").outcome is PASS


def test_a_step_still_acting_fails_nothing_that_the_rest_could_repair(tmp_path: Path) -> None:
    acting = step_events("drop", *STEP)[:2]
    so_far = Night(steps=acting, bad=[(20, 20.5, Hit.TIMEOUT), (20.5, 60, Hit.UNSENT)], played=20.5)
    assert judged(tmp_path / "open", so_far, availability="90%", step="drop").outcome is UNKNOWN
    so_far.bad = [(20, 26, Hit.TIMEOUT), (26, 60, Hit.UNSENT)]
    so_far.played = 26
    assert judged(tmp_path / "lost", so_far, availability="90%", step="drop").outcome is FAIL
