"""A figure may be worse than the baseline by its tolerance, or by what chance brings, and no more."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest

from chaos.checks.figure import Tolerance
from chaos.checks.figures import FIGURES
from chaos.errors import UsageError
from chaos.gate.case import Case
from chaos.gate.compare import ENOUGH, compare
from chaos.gate.tolerance import tolerances
from chaos.history.entry import Figures

SOUND: dict[str, float | None] = {
    "hits": 2000.0,
    "availability": 0.999,
    "p50": 0.01,
    "p95": 0.1,
    "p99": 0.2,
    "recovery": 1.0,
    "rto": 4.0,
    "rpo": 0.0,
    "lost_writes": 0.0,
}


def case(name: str, measured: float | None, baseline: float | None, *given: str) -> Case:
    return among(name, SOUND | {name: measured}, [SOUND | {name: baseline}], *given)


def among(name: str, figures: Figures, past: Sequence[Figures], *given: str) -> Case:
    found = compare(figures, past, tolerances(given))
    return next(each for each in found if each.name == name)


def nights(name: str, *values: float | None) -> list[Figures]:
    return [SOUND | {name: value} for value in values]


def test_a_run_like_its_baseline_passes_every_comparison() -> None:
    for number in (1, 2, ENOUGH, 30):
        found = compare(SOUND, [SOUND] * number, {})
        compared = [figure.name for figure in FIGURES if figure.room is not None and not figure.rare]
        assert [(each.name, each.outcome) for each in found] == [(name, "pass") for name in compared]


def test_what_a_drill_loses_with_its_loss_is_not_compared_as_lost_writes() -> None:
    before, now = ({"lost_writes": 0.0, "lost_with_the_loss": lost} for lost in (22.0, 48.0))
    found = {each.name: each.outcome for each in compare(SOUND | now, [SOUND | before] * 3, {})}
    assert (found["lost_writes"], "lost_with_the_loss" in found) == ("pass", False)
    worse = SOUND | {"lost_writes": 1.0, "lost_with_the_loss": 22.0}
    found = {each.name: each.outcome for each in compare(worse, [SOUND | before] * 3, {})}
    assert found["lost_writes"] == "fail"


def test_a_figure_that_few_experiments_have_is_compared_where_one_does() -> None:
    leak = {"left_per_request": 1.0}
    (case,) = [
        each
        for each in compare(SOUND | leak, [SOUND | {"left_per_request": 0.0}] * 3, {})
        if each.name in leak
    ]
    assert case.outcome == "fail"
    (case,) = [each for each in compare(SOUND, [SOUND | leak] * 3, {}) if each.name in leak]
    assert case.outcome == "unknown"


@pytest.mark.parametrize(
    ("name", "baseline", "held", "broken", "given"),
    [
        ("p99", 0.2, 0.24, 0.2401, "p99=20%"),
        ("p99", 0.2, 0.3, 0.3001, "p99=100ms"),
        ("p99", 0.2, 0.3, 0.3001, "p99=20%,100ms"),
        ("p99", 2.0, 2.4, 2.4001, "p99=20%,100ms"),
        ("p99", 2.0, 5.0, 5.001, "p99=150%"),
        ("p50", 0.01, 0.011, 0.0111, "p50=10%"),
        ("availability", 0.999, 0.998, 0.9979, "availability=0.1%"),
        ("recovery", 1.0, 3.0, 3.001, "recovery=2s"),
        ("rto", 60.0, 90.0, 90.1, "rto=50%"),
        ("rpo", 0.0, 1.0, 1.001, "rpo=1s"),
        ("lost_writes", 0.0, 3.0, 4.0, "lost_writes=3"),
    ],
)
def test_the_tolerance_is_the_last_value_that_is_held(
    name: str, baseline: float, held: float, broken: float, given: str
) -> None:
    assert case(name, held, baseline, given).outcome == "pass"
    found = case(name, broken, baseline, given)
    assert found.outcome == "fail"
    assert "worse by" in found.because


def test_a_given_tolerance_holds_regardless_of_the_spread() -> None:
    wide = nights("p99", 0.1, 0.2, 0.3, 0.1, 0.2, 0.3)
    assert among("p99", SOUND | {"p99": 0.25}, wide).outcome == "pass"
    assert among("p99", SOUND | {"p99": 0.25}, wide, "p99=20%").outcome == "fail"


def test_with_few_runs_only_what_is_much_worse_fails() -> None:
    few = nights("p99", *[0.2] * (ENOUGH - 1))
    assert among("p99", SOUND | {"p99": 0.44}, few).outcome == "pass"
    assert among("p99", SOUND | {"p99": 0.46}, few).outcome == "fail"


def test_with_enough_runs_that_agree_a_slow_down_of_30_percent_fails_and_one_of_10_does_not() -> None:
    alike = nights("p50", 0.0101, 0.0099, 0.01, 0.0102, 0.0098)
    slower = among("p50", SOUND | {"p50": 0.013}, alike)
    assert slower.outcome == "fail"
    assert slower.because == "p50 13 ms, median of 5 runs 10 ms: worse by 3 ms, 1.5 ms allowed"
    assert among("p50", SOUND | {"p50": 0.011}, alike).outcome == "pass"


def test_a_figure_that_varies_by_itself_gets_as_much_room_as_it_varies() -> None:
    varied = nights("p50", 0.008, 0.009, 0.01, 0.011, 0.012)
    assert among("p50", SOUND | {"p50": 0.013}, varied).outcome == "pass"
    assert among("p50", SOUND | {"p50": 0.0164}, varied).outcome == "fail"


def test_the_median_is_not_moved_by_one_bad_night() -> None:
    one_bad = nights("recovery", 1.0, 1.0, 30.0)
    assert among("recovery", SOUND | {"recovery": 3.1}, one_bad).outcome == "fail"


def test_a_figure_worse_than_a_single_run_is_advisory_unless_strict() -> None:
    worse, past = SOUND | {"p99": 9.0}, [SOUND]
    told = {each.name: each for each in compare(worse, past, {}, advisory=True)}
    assert (told["p99"].outcome, told["p99"].exit_code) == ("advisory", 0)
    assert {each.outcome for name, each in told.items() if name != "p99"} == {"pass"}
    assert among("p99", worse, past).outcome == "fail"


def test_a_percentile_that_rests_on_few_hits_is_replaced_by_a_lower_one_and_named() -> None:
    few = SOUND | {"hits": 559.0}
    found = among("p95", few | {"p95": 0.9, "p99": 9.0}, [few])
    assert found.outcome == "fail"
    assert found.because.endswith("(instead of p99: of 559 hits 5 lie beyond it, 10 required)")
    assert "p99" not in {each.name for each in compare(few, [few], {})}
    assert among("p99", SOUND | {"hits": 1000.0}, [SOUND]).outcome == "pass"
    assert among("p95", SOUND | {"hits": 999.0}, [SOUND]).outcome == "pass"
    assert among("p95", SOUND, [SOUND | {"hits": 999.0}]).outcome == "pass"


def test_a_percentile_that_rests_on_too_few_hits_is_not_compared() -> None:
    for hits in (19.0, None):
        few = SOUND | {"hits": hits}
        found = {each.name: each.outcome for each in compare(few | {"p50": 9.0, "p99": 9.0}, [few], {})}
        assert (found["p50"], found["p99"]) == ("not exercised", "not exercised")


def test_an_improvement_of_any_size_passes() -> None:
    assert case("p99", 0.001, 60.0, "p99=0%").outcome == "pass"
    assert case("availability", 1.0, 0.2, "availability=0%").outcome == "pass"


def test_a_single_additional_lost_write_fails_by_the_default_tolerance() -> None:
    assert case("lost_writes", 1.0, 0.0).outcome == "fail"
    assert among("lost_writes", SOUND | {"lost_writes": 1.0}, [SOUND] * 9).outcome == "fail"


def test_an_infinite_percentile_fails_unless_the_baseline_had_it_too() -> None:
    assert case("p99", math.inf, 0.2).outcome == "fail"
    assert case("p99", math.inf, math.inf).outcome == "pass"
    assert case("p99", 0.2, math.inf).outcome == "pass"
    assert case("p99", 0.2, math.inf, "p99=100ms").outcome == "pass"
    assert case("p99", math.inf, math.inf, "p99=0%").outcome == "pass"
    assert among("p99", SOUND | {"p99": math.inf}, nights("p99", *[0.2] * 8, math.inf)).outcome == "fail"


def test_a_figure_not_measured_is_unknown_and_one_without_a_baseline_not_exercised() -> None:
    assert case("rpo", None, 0.0).outcome == "unknown"
    assert case("rpo", 0.0, None).outcome == "not exercised"
    assert among("rpo", SOUND | {"rpo": 9.0}, nights("rpo", None, 0.0)).outcome == "fail"


def test_a_figure_that_is_switched_off_is_not_compared() -> None:
    found = compare(SOUND | {"p99": 9.0}, [SOUND], tolerances(["p99=off"]))
    assert "p99" not in {each.name for each in found}


def test_the_usual_tolerance_stays_where_none_is_given() -> None:
    assert set(tolerances(["p99=1s"])) == {"p99"}
    assert tolerances(["p99=1s"])["p99"] == Tolerance(amount=1.0)


def test_memory_is_compared_and_tolerated_as_a_size() -> None:
    found = case("memory_per_request", 5000.0, 2000.0)
    assert (found.outcome, found.unit) == ("fail", "bytes")
    assert found.because == ("memory_per_request 5 kB, baseline 2 kB: worse by 3 kB, 2 kB allowed")
    assert case("memory_per_request", 5000.0, 2000.0, "memory_per_request=3kB").outcome == "pass"


@pytest.mark.parametrize(
    "text",
    [
        "memory_per_request=3000",
        "p99",
        "p98=1s",
        "p99=-1s",
        "p99=fast",
        "p99=-5%",
        "availability=0.1s",
        "lost_writes=1.5",
        "p99=",
        "p99=inf%",
        "p99=20",
        "p99=20%,5",
        "availability=0.2",
        "lost_writes=1e309",
    ],
)
def test_a_tolerance_that_makes_no_sense_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="--tolerance"):
        tolerances([text])
