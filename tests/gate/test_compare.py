"""A figure may be worse than the baseline by its tolerance and no more."""

from __future__ import annotations

import math

import pytest

from chaos.errors import UsageError
from chaos.gate.case import Case
from chaos.gate.compare import compare
from chaos.gate.tolerance import FIGURES, Tolerance, tolerances

SOUND: dict[str, float | None] = {
    "availability": 0.999,
    "p99": 0.2,
    "recovery": 1.0,
    "rto": 4.0,
    "rpo": 0.0,
    "lost_writes": 0.0,
}


def case(name: str, measured: float | None, baseline: float | None, *given: str) -> Case:
    found = compare(SOUND | {name: measured}, SOUND | {name: baseline}, tolerances(given))
    return next(each for each in found if each.name == name)


def test_a_run_like_its_baseline_passes_every_comparison() -> None:
    found = compare(SOUND, SOUND, tolerances(()))
    assert [(each.name, each.outcome) for each in found] == [(figure.name, "pass") for figure in FIGURES]


@pytest.mark.parametrize(
    ("name", "baseline", "held", "broken", "given"),
    [
        ("p99", 0.2, 0.24, 0.2401, "p99=20%"),
        ("p99", 0.2, 0.3, 0.3001, "p99=100ms"),
        ("p99", 0.2, 0.3, 0.3001, "p99=20%,100ms"),
        ("p99", 2.0, 2.4, 2.4001, "p99=20%,100ms"),
        ("p99", 2.0, 5.0, 5.001, "p99=150%"),
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


def test_what_became_better_passes_however_much() -> None:
    assert case("p99", 0.001, 60.0, "p99=0%").outcome == "pass"
    assert case("availability", 1.0, 0.2, "availability=0%").outcome == "pass"


def test_one_lost_write_more_fails_by_the_usual_tolerance() -> None:
    assert case("lost_writes", 1.0, 0.0).outcome == "fail"


def test_an_infinite_percentile_fails_unless_the_baseline_had_it_too() -> None:
    assert case("p99", math.inf, 0.2).outcome == "fail"
    assert case("p99", math.inf, math.inf).outcome == "pass"
    assert case("p99", 0.2, math.inf).outcome == "pass"
    assert case("p99", 0.2, math.inf, "p99=100ms").outcome == "pass"
    assert case("p99", math.inf, math.inf, "p99=0%").outcome == "pass"


def test_what_was_not_measured_is_unknown_and_what_the_baseline_lacks_is_not_exercised() -> None:
    assert case("rpo", None, 0.0).outcome == "unknown"
    assert case("rpo", 0.0, None).outcome == "not exercised"


def test_a_figure_that_is_switched_off_is_not_compared() -> None:
    found = compare(SOUND | {"p99": 9.0}, SOUND, tolerances(["p99=off"]))
    assert "p99" not in {each.name for each in found}


def test_the_usual_tolerance_stays_where_none_is_given() -> None:
    assert tolerances(["p99=1s"])["recovery"] == next(f.tolerance for f in FIGURES if f.name == "recovery")
    assert tolerances(["p99=1s"])["p99"] == Tolerance(amount=1.0)


@pytest.mark.parametrize(
    "text",
    [
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
