"""Ratios and percentiles are exact."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from chaos.checks.exact import percentile, reaches
from chaos.spec.units import ratio


@given(st.integers(1, 9999), st.integers(1, 50))
def test_a_ratio_written_as_a_percentage_is_met_by_just_that_many(hundredths: int, factor: int) -> None:
    asked = ratio(f"{hundredths / 100:.2f}%")
    assert reaches(hundredths * factor, 10_000 * factor, asked)
    assert not reaches(hundredths * factor - 1, 10_000 * factor, asked)


@given(st.lists(st.floats(0, 1e6), min_size=1), st.sampled_from([1.0, 50.0, 90.0, 95.0, 99.0, 99.9]))
def test_a_percentile_is_the_least_value_that_enough_hits_do_not_exceed(
    values: list[float], percent: float
) -> None:
    result = percentile(np.array(values), percent)
    assert result in values
    tenths = round(percent * 10)
    assert sum(value <= result for value in values) * 1000 >= tenths * len(values)
    assert sum(value < result for value in values) * 1000 < tenths * len(values)


def test_an_infinity_is_never_averaged_away() -> None:
    assert percentile(np.array([1.0, math.inf]), 50) == 1.0
    assert percentile(np.array([1.0, math.inf]), 51) == math.inf


def test_the_percentile_of_nothing_is_none() -> None:
    assert percentile(np.empty(0), 99) is None
