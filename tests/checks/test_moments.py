"""What was counted, against an obvious reading: counters simulated, missing values tried out, sums added up."""

from __future__ import annotations

from fractions import Fraction
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chaos.checks.slo.moments import (
    ANYTHING,
    Between,
    Unjudged,
    of_counters,
    of_instants,
    of_levels,
    share,
    slices,
)

COUNT = 9  # instants
ALONE = (True, True)


Counter = tuple[list[float | None], int]
"""What was scraped of it, and how many events it counted in the play."""


@st.composite
def counters(draw: st.DrawFn, *, appear: bool) -> Counter:
    """A program that counts. It may be restarted right after a scrape, be scraped late for the first time, and miss a
    scrape that is not beside a restart."""
    rises = draw(st.lists(st.integers(0, 20), min_size=COUNT - 1, max_size=COUNT - 1))
    wanted = draw(st.sets(st.integers(4, COUNT - 1), max_size=2))
    value, restarts = draw(st.integers(0, 50)), set[int]()
    scraped: list[float | None] = [value]
    for index, rise in enumerate(rises, 1):
        if index in wanted and rise < value:
            value, restarts = 0, restarts | {index}
        value += rise
        scraped.append(value)
    missed = draw(st.integers(1, COUNT - 2))
    if not {missed, missed + 1} & restarts:
        scraped[missed] = None
    late = draw(st.integers(0, 3)) if appear else 0
    return [None] * late + scraped[late:], sum(rises)


@settings(max_examples=300)
@given(st.data(), st.booleans())
def test_the_true_share_of_counters_is_found(data: st.DataObject, appear: bool) -> None:
    several = st.lists(counters(appear=appear), min_size=1, max_size=3)
    good, bad = data.draw(several), data.draw(several)
    hits, total = (sum(events for _, events in each) for each in (good, [*good, *bad]))
    scraped = [values for values, _ in good], [values for values, _ in (*good, *bad)]
    found = share(of_counters(*scraped, 1.0, ALONE), is_whole=True)
    if not total:
        assert found is None or (appear and found.least == 0)
        return
    assert found is not None and found.least <= Fraction(hits, total) <= found.most
    assert appear or found.least == found.most


@given(st.integers(0, 30), st.integers(0, 30), st.integers(0, 30), st.integers(1, 30))
def test_one_that_appears_counted_between_none_and_all_of_its_first_value(
    before: int, within: int, after: int, ok: int
) -> None:
    bad: list[float | None] = [None, None, float(before + within), float(before + within + after)]
    fine: list[float | None] = [0.0, float(ok), float(ok), float(ok)]
    found = share(of_counters([bad], [bad, fine], 1.0, ALONE), is_whole=True)
    truth = Fraction(within + after, within + after + ok)
    assert found is not None and found.least <= truth <= found.most


@settings(max_examples=200)
@given(
    st.lists(st.sampled_from([None, Fraction(0), Fraction(1), Fraction(1, 3)]), min_size=1, max_size=8),
    st.integers(1, 4),
)
def test_missing_instants_may_have_been_anything(shares: list[Fraction | None], window: int) -> None:
    moments = of_instants(shares, 1.0)
    tried = [
        [next(filling) if each is None else each for each in shares]
        for filling in map(iter, product([Fraction(0), Fraction(1)], repeat=shares.count(None)))
    ]
    found = share(moments, is_whole=True)
    assert found is not None
    means = [sum(each, Fraction(0)) / len(each) for each in tried]
    assert found == Between(min(means), max(means))
    cut = slices(moments, float(len(shares)), float(window))
    assert [len(each) for each in cut] == [
        len(shares[at : at + window]) for at in range(0, len(shares), window)
    ]


RISES = st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), min_size=1, max_size=12)


@given(RISES, st.integers(1, 5), st.sampled_from([0.1, 1.0, 14.87]))
def test_each_slice_has_what_the_counters_rose_in_it(
    rises: list[tuple[int, int]], steps: int, step: float
) -> None:
    good, total = [0], [0]
    for hits, misses in rises:
        good.append(good[-1] + hits)
        total.append(total[-1] + hits + misses)
    cut = slices(of_counters([good], [total], step, ALONE), len(rises) * step, steps * step)
    ends = [(at, min(at + steps, len(rises))) for at in range(0, len(rises), steps)]
    assert len(cut) == len(ends)
    for (first, last), each in zip(ends, cut, strict=True):
        found, counted = share(each, is_whole=False), total[last] - total[first]
        expected = Fraction(good[last] - good[first], counted) if counted else None
        assert found == (None if expected is None else Between(expected, expected))


LEVELS = st.lists(st.tuples(st.floats(0, 1e6), st.floats(0, 1e6)), min_size=2, max_size=8)


@given(LEVELS)
def test_gauges_are_added_up(pairs: list[tuple[float, float]]) -> None:
    good, total = [a for a, _ in pairs], [a + b for a, b in pairs]
    found = share(of_levels([good], [total], 1.0), is_whole=True)
    if not sum(total):
        assert found is None
        return
    assert found is not None and found.least == found.most
    assert float(found.least) == pytest.approx(sum(good) / sum(total))


def test_a_gap_without_a_restart_loses_nothing_of_all_and_leaves_its_slices_open() -> None:
    values: list[float | None] = [0, 10, None, None, None, 50, 60]
    moments = of_counters([values], [values], 1.0, ALONE)
    assert share(moments, is_whole=True) == Between(Fraction(1), Fraction(1))
    cut = [share(each, is_whole=False) for each in slices(moments, 6.0, 2.0)]
    assert cut == [ANYTHING] * 3


@pytest.mark.parametrize(
    ("part", "of", "because"),
    [
        ([[9, 10, None, None, None, 3, 4]], [[20, 21, 22, 23, 24, 25, 26]], "was reset in a gap"),
        ([[0, 1, 2, 3, 4, 5, 6]], [[0, 1, 2, 3, None, None, None]], "no data of `total` at the end"),
        ([[0, 2, 4, 6, 8, 10, 12]], [[0, 1, 2, 3, 4, 5, 6]], "which must include it"),
    ],
)
def test_counters_that_prove_nothing_say_why(
    part: list[list[float | None]], of: list[list[float | None]], because: str
) -> None:
    with pytest.raises(Unjudged, match=because):
        of_counters(part, of, 1.0, ALONE)


def test_a_sum_that_falls_hides_which_of_its_counters_was_reset() -> None:
    part: list[list[float | None]] = [[5, 9, 7]]
    with pytest.raises(Unjudged, match="a sum of counters fell"):
        of_counters(part, [[50, 60, 70]], 1.0, (False, True))
    found = share(of_counters(part, [[50, 60, 70]], 1.0, ALONE), is_whole=True)
    assert found is not None and found.least == found.most == Fraction(4 + 7, 20)


def test_a_part_whose_series_have_gone_missed_at_most_the_whole() -> None:
    total: list[list[float | None]] = [[0, 10, 20, 30, 40, 50]]
    found = share(of_counters([[0, 1, 2, None, None, None]], total, 1.0, ALONE), is_whole=True)
    assert found is not None and (found.least, found.most) == (Fraction(2, 50), Fraction(32, 50))


@pytest.mark.parametrize(
    ("part", "because"),
    [
        ([[1, None, None, None, 1]], "a gap of 4 s without data"),
        ([[1, -1, 1, 1, 1]], "below 0 is not a number of events"),
        ([[9, 9, 9, 9, 9]], "which must include it"),
    ],
)
def test_gauges_that_prove_nothing_say_why(part: list[list[float | None]], because: str) -> None:
    with pytest.raises(Unjudged, match=because):
        of_levels(part, [[2, 2, 2, 2, 2]], 1.0)
