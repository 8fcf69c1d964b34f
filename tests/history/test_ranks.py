"""The rank statistics against the slow and obvious way to compute them."""

from __future__ import annotations

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaos.history.rank_test import rank_sum_p, shift, smallest_p

VALUES = st.lists(st.sampled_from([0.0, 1.0, 1.5, 2.0, 3.0, 7.0, math.inf]), min_size=1, max_size=5)


def by_hand(later: list[float], earlier: list[float]) -> float:
    """Count the choices of positions whose sum of midranks is as high as that of `later`."""
    pooled = later + earlier
    rank = [sum(b < a for b in pooled) + (sum(b == a for b in pooled) + 1) / 2 for a in pooled]
    sums = [sum(rank[i] for i in chosen) for chosen in itertools.combinations(range(len(pooled)), len(later))]
    return sum(each >= sum(rank[: len(later)]) for each in sums) / len(sums)


@given(VALUES, VALUES)
def test_the_probability_is_that_of_counting_every_choice(later: list[float], earlier: list[float]) -> None:
    assert rank_sum_p(later, earlier) == pytest.approx(by_hand(later, earlier))


@given(VALUES, VALUES)
def test_the_shift_is_the_middle_difference(later: list[float], earlier: list[float]) -> None:
    found = shift(later, earlier)
    assert not math.isnan(found)
    differences = [0.0 if a == b else a - b for a in later for b in earlier]
    assert sum(each <= found for each in differences) * 2 >= len(differences)
    assert sum(each >= found for each in differences) * 2 >= len(differences)


def test_five_against_five_that_are_all_lower_is_one_choice_of_252() -> None:
    assert rank_sum_p([6, 7, 8, 9, 10], [1, 2, 3, 4, 5]) == pytest.approx(1 / 252) == smallest_p(5, 5)
    assert rank_sum_p([1, 2, 3, 4, 5], [6, 7, 8, 9, 10]) == pytest.approx(1.0)


def test_equal_values_prove_nothing() -> None:
    assert rank_sum_p([1.0] * 5, [1.0] * 20) == pytest.approx(1.0)
    assert shift([1.0] * 5, [1.0] * 20) == 0.0


def test_a_year_of_nights_is_counted_exactly() -> None:
    assert rank_sum_p(list(range(400, 405)), list(range(360))) == pytest.approx(smallest_p(5, 360), rel=1e-9)
