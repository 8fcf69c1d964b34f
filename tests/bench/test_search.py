"""The search for the highest value that holds comes close to it, from above and from below."""

from __future__ import annotations

import pytest

from bench.highest_rate import highest


@pytest.mark.parametrize("limit", [130.0, 999.0, 1000.0, 1700.0, 7300.0])
def test_the_highest_value_that_holds_is_found_within_a_tenth(limit: float) -> None:
    found = highest(lambda value: value <= limit, guess=1000.0, probes=9)
    assert limit / 1.1 <= found <= limit


def test_no_more_is_tried_than_is_allowed() -> None:
    tried: list[float] = []
    highest(lambda value: not tried.append(value), guess=10.0, probes=4)  # type: ignore[func-returns-value]
    assert tried == [10, 20, 40, 80]


def test_the_answer_is_below_every_tried_value_if_none_holds() -> None:
    tried: list[float] = []
    assert highest(lambda value: bool(tried.append(value)), 8.0, 3) < min(tried)  # type: ignore[func-returns-value]
