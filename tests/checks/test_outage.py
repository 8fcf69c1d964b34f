"""The outage algorithm against its definition, and against a slow oracle that follows it word by word."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chaos.checks import outage
from chaos.checks.outage import possible, proven
from chaos.spec.experiment import Outage as Rule
from tests.calibration import oracle as slow


@pytest.fixture(autouse=True, params=[3, 1 << 16], ids=["small pieces", "one piece"])
def _pieces(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outage, "PIECE", request.param)


RULE = Rule(below=0.9, window=1.0, sustained=4.0)
END = 30.0


def found(good: list[bool], due: list[float], rule: Rule = RULE) -> list[tuple[float, float | None]]:
    times, flags = np.array(due, dtype=np.float64), np.array(good, dtype=np.bool_)
    return [(outage.start, outage.end) for outage in possible(times, flags, 0.0, END, rule)]


def oracle(due: list[float], good: list[bool], rule: Rule) -> list[tuple[float, float | None]]:
    """The definition in plain loops over exact fractions."""
    hits = list(zip(due, good, strict=True))
    asked = Fraction(rule.below).limit_denominator(1_000_000)

    def met(some: list[tuple[float, bool]]) -> bool:
        return Fraction(sum(ok for _, ok in some), len(some)) >= asked

    def stretch(start: float) -> list[tuple[float, bool]]:
        return [hit for hit in hits if start <= hit[0] < start + rule.sustained]

    def sustained(start: float) -> bool:
        return len(stretch(start)) >= 2 and met(stretch(start)) and start + rule.sustained <= END

    result: list[tuple[float, float | None]] = []
    out_until = -1.0
    for number in range(int(END / rule.window)):
        inside = [hit for hit in hits if number * rule.window <= hit[0] < (number + 1) * rule.window]
        if not inside or met(inside) or met(stretch(inside[0][0])) or inside[0][0] <= out_until:
            continue
        start = next(at for at, ok in inside if not ok)
        back = [at for at, ok in hits if at >= inside[0][0] and ok and sustained(at)]
        if not back:
            return [*result, (start, None)]
        out_until = back[0]
        if out_until > start:
            result.append((start, out_until))
    return result


# Quarters of a second are exact in binary, so neither side can be betrayed by rounding.
nights = st.lists(st.tuples(st.integers(0, int(END * 4) - 1), st.booleans()), max_size=120).map(sorted)
rules = st.builds(
    Rule,
    below=st.sampled_from([0.5, 0.75, 0.9, 0.99, 1.0]),
    window=st.sampled_from([0.5, 1.0, 2.0]),
    sustained=st.sampled_from([1.0, 4.0, 10.0]),
    min_bad=st.sampled_from([1, 2, 5]),
)


@settings(max_examples=400)
@given(nights, rules)
def test_the_outage_algorithm_agrees_with_its_definition_on_any_night(
    night: list[tuple[int, bool]], rule: Rule
) -> None:
    due, good = [at / 4 for at, _ in night], [ok for _, ok in night]
    assert found(good, due, rule) == oracle(due, good, rule)


@settings(max_examples=200)
@given(nights, st.integers(0, 119))
def test_a_hit_turned_good_never_makes_the_worst_outage_longer(
    night: list[tuple[int, bool]], which: int
) -> None:
    due, good = np.array([at / 4 for at, _ in night]), np.array([ok for _, ok in night], dtype=np.bool_)
    better = good.copy()
    better[which : which + 1] = True

    def worst(flags: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> float:
        return max((outage.length for outage in possible(due, flags, 0.0, END, RULE)), default=0.0)

    assert worst(better) <= worst(good)


def ten_a_second(*bad: tuple[float, float]) -> list[tuple[float, float | None]]:
    due = [tick / 8 for tick in range(int(END * 8))]
    return found([not any(low <= at < high for low, high in bad) for at in due], due)


def test_a_night_without_hits_has_no_outage() -> None:
    assert found([], []) == []


def test_an_outage_lasts_from_the_first_bad_hit_to_the_first_good_one_of_sustained_service() -> None:
    assert ten_a_second((10.0, 13.0)) == [(10.0, 13.0)]
    assert ten_a_second((10.5, 13.25)) == [(10.5, 13.25)]


def test_a_single_lucky_request_is_not_a_recovery() -> None:
    assert ten_a_second((10.0, 12.0), (12.125, 14.0)) == [(10.0, 14.0)]


def test_a_single_good_hit_in_a_silent_night_is_not_a_recovery() -> None:
    assert found([False, True, True, True], [5.0, 8.0, 20.0, 20.5]) == [(5.0, 20.0)]


def test_a_good_end_that_was_not_watched_long_enough_is_not_a_recovery() -> None:
    assert ten_a_second((24.0, 27.0)) == [(24.0, None)]


def test_a_blip_within_sustained_service_is_not_an_outage() -> None:
    assert ten_a_second((10.0, 10.2)) == []


def test_a_blip_at_the_very_end_is_not_an_outage_either() -> None:
    assert ten_a_second((28.0, 28.125)) == []


def test_windows_without_hits_go_on_with_the_outage() -> None:
    assert found([False, True, True], [3.0, 12.0, 13.0]) == [(3.0, 12.0)]


def test_two_separate_outages_are_two() -> None:
    assert ten_a_second((5.0, 7.0), (15.0, 16.0)) == [(5.0, 7.0), (15.0, 16.0)]


@settings(max_examples=400)
@given(nights, rules)
def test_a_proven_outage_is_that_of_its_definition_and_lies_within_a_possible_one(
    night: list[tuple[int, bool]], rule: Rule
) -> None:
    due, good = np.array([at / 4 for at, _ in night]), np.array([ok for _, ok in night], dtype=np.bool_)
    shown = [(each.start, each.end) for each in proven(due, good, 0.0, END, rule)]
    hits = [slow.Hit(at / 4, ok) for at, ok in night]
    below = Fraction(rule.below).limit_denominator(1000)
    if rule.min_bad > 1:
        assert shown == slow.proven(
            hits, 0.0, END, slow.Rule(below, rule.window, rule.sustained, rule.min_bad)
        )
    whole = possible(due, good, 0.0, END, rule)
    for start, end in shown:
        until = END if end is None else end
        assert any(each.start <= start and until <= each.start + each.length for each in whole)


def proven_at(rate: float, *bad: tuple[float, float], rule: Rule = RULE) -> list[tuple[float, float | None]]:
    due = np.arange(int(END * rate)) / rate
    good = np.array([not any(low <= at < high for low, high in bad) for at in due])
    return [(outage.start, outage.end) for outage in proven(due, good, 0.0, END, rule)]


def test_enough_bad_hits_prove_an_outage_and_one_fewer_does_not() -> None:
    assert proven_at(8, (10.0, 10.625)) == [(10.0, 10.625)]
    assert proven_at(8, (10.0, 10.5)) == []


def test_a_night_of_few_requests_still_proves_one() -> None:
    assert proven_at(0.5, (6.0, 20.0)) == [(6.0, 20.0)]


def test_service_that_is_back_for_every_other_request_is_not_back() -> None:
    halves = [(at / 8, at / 8 + 0.1) for at in range(80, 160, 2)]
    ((start, end),) = proven_at(8, *halves)
    assert start == 10.0 and end is not None and 18.5 <= end <= 20.0


def test_single_bad_hits_far_apart_are_none() -> None:
    assert proven_at(12, *((at, at + 0.05) for at in (3.0, 6.0, 9.0, 12.0))) == []


def test_a_single_bad_hit_before_an_outage_is_not_part_of_what_is_proven() -> None:
    assert proven_at(8, (10.0, 10.1), (13.0, 16.0)) == [(13.0, 16.0)]
