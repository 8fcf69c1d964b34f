"""Windows are exact: held against an obviously right slow oracle, which tries every half tick."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaos.checks.exact import Flags, Times, percentile
from chaos.checks.slo import burn_rate, percentiles, readings, windows
from chaos.spec.slo import BurnRate

TICKS = 8  # a second; whole ticks are exact in binary, tenths of a second are not
END = 60  # of the span, in ticks

Hits = list[tuple[int, bool]]

nights = st.lists(st.tuples(st.integers(0, END - 1), st.booleans()), max_size=40).map(sorted)
lengths = st.integers(1, END)
per_tick = st.sampled_from([1 / TICKS, 0.1, 1.0])  # seconds


def held(night: Sequence[tuple[int, bool]], begin: Fraction, length: int) -> list[bool]:
    return [good for due, good in night if begin <= due < begin + length]


def every_window(night: Hits, length: int) -> list[tuple[Fraction, list[bool]]]:
    """Hits are due at whole ticks, so beginning at each half tick shows every set of hits there is."""
    begins = [Fraction(half, 2) for half in range(2 * (END - length) + 1)]
    return [(begin, held(night, begin, length)) for begin in begins]


def arrays(night: Hits, tick: float) -> tuple[Times, Flags]:
    due = 7.0 + tick * np.array([due for due, _ in night], dtype=np.float64)
    return due, np.array([good for _, good in night], dtype=np.bool_)


@pytest.fixture(autouse=True, params=[3, 1 << 18], ids=["small batches", "large batches"])
def _batches(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(windows, "BATCH", request.param)


@given(nights, lengths, st.integers(1, 4), st.sampled_from([50, 90, 99]), per_tick)
def test_every_window_is_judged_and_the_worst_is_found(
    night: Hits, length: int, min_hits: int, percent: int, tick: float
) -> None:
    due, good = arrays(night, tick)
    batches = windows.sliding(due, 7.0, 7.0 + END * tick, length * tick)
    (found,) = readings.each(batches, [good], percent / 100, min_hits)
    ratios = [
        Fraction(sum(hits), len(hits)) for _, hits in every_window(night, length) if len(hits) >= min_hits
    ]
    if not ratios:
        assert found is None
        return
    assert found is not None
    assert Fraction(found.worst.good, found.worst.hits) == min(ratios)
    assert found.holds == all(ratio * 100 >= percent for ratio in ratios)


@given(nights, lengths, per_tick)
def test_the_worst_window_lies_within_the_span_and_holds_what_it_says(
    night: Hits, length: int, tick: float
) -> None:
    due, good = arrays(night, tick)
    batches = windows.sliding(due, 7.0, 7.0 + END * tick, length * tick)
    (found,) = readings.each(batches, [good], 0.99, 1)
    if found is None:
        return
    begin, close = found.worst.at, 1e-6
    assert 7.0 - close <= begin <= 7.0 + (END - length) * tick + close
    inside = (due >= begin - close) & (due < begin + length * tick - close)
    assert (int((good & inside).sum()), int(inside.sum())) == (found.worst.good, found.worst.hits)


@given(nights, lengths, st.integers(1, 4), st.sampled_from([50.0, 90.0, 99.0]))
def test_the_worst_percentile_of_all_windows_is_found(
    night: Hits, length: int, min_hits: int, percent: float
) -> None:
    due, good = arrays(night, 1 / TICKS)
    latency = np.where(good, (np.arange(len(due)) * 7919 % 11) / 4, np.inf)
    batches = windows.sliding(due, 7.0, 7.0 + END / TICKS, length / TICKS)
    (found,) = percentiles.slowest(batches, [lambda some: latency[some]], percent, min_hits)
    ticks = np.array([at for at, _ in night])
    expected = []
    for begin, hits in every_window(night, length):
        if len(hits) >= min_hits:
            inside = (ticks >= begin) & (ticks < begin + length)
            expected.append(percentile(latency[inside], percent))
    assert (None if found is None else found.value) == max(expected, default=None)  # type: ignore[type-var]
    if found is not None:
        assert percentile(latency[found.low : found.high], percent) == found.value


@given(nights, st.integers(2, END), st.integers(1, END), st.sampled_from([1.0, 2.0, 14.4]), per_tick)
def test_a_burn_rate_is_exceeded_only_where_both_windows_exceed_it(
    night: Hits, length: int, short: int, at_most: float, tick: float
) -> None:
    short = min(short, length - 1)
    due, good = arrays(night, tick)
    rule = BurnRate(at_most=at_most, window=length * tick, short=short * tick)
    (found,) = burn_rate.highest(due, [good], 7.0, 7.0 + END * tick, rule, 0.95, 1)
    rates = []
    for begin, hits in every_window(night, length):
        late = held(night, begin + length - short, short)
        if hits:
            rates.append(min(burnt(hits), burnt(late)))
    if not rates:
        assert found is None
        return
    assert found is not None
    assert found.value == pytest.approx(float(max(rates)))
    assert found.holds == all(rate <= Fraction(str(at_most)) for rate in rates)


def burnt(hits: list[bool]) -> Fraction:
    return Fraction(20 * hits.count(False), max(len(hits), 1))


@given(nights, lengths, st.sampled_from([50, 90]), per_tick)
def test_slices_are_fixed_and_the_last_one_may_be_shorter(
    night: Hits, length: int, percent: int, tick: float
) -> None:
    due, good = arrays(night, tick)
    cut = windows.slices(due, 7.0, 7.0 + END * tick, length * tick)
    (found,) = readings.share_of_slices(cut, [good], 0.5, percent / 100, 1)
    slices = [held(night, Fraction(begin), length) for begin in range(0, END, length)]
    met = [100 * sum(hits) >= percent * len(hits) for hits in slices if hits]
    assert (None if found is None else found.slices) == ((sum(met), len(met)) if met else None)


def test_a_window_as_long_as_the_span_is_all_of_it() -> None:
    due = np.array([0.0, 1.0, 9.9])
    found = list(windows.sliding(due, 0.0, 10.0, 10.0))
    assert {
        (int(low), int(high)) for batch in found for low, high in zip(batch.low, batch.high, strict=True)
    } == {(0, 3)}


def test_a_window_longer_than_the_span_is_none() -> None:
    assert list(windows.sliding(np.array([1.0]), 0.0, 10.0, 10.1)) == []
