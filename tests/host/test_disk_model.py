"""A disk keeps its bandwidth over any window, lets nothing pass during a stall, and fails exactly its share."""

from __future__ import annotations

import errno
import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chaos.host.disk.model import BURST, Behaviour, Error, Failing, Kind, Model

LIMIT = 1_000_000.0  # bytes per second
GRAIN = 1e-9  # seconds: a timer never fires earlier
CLOSE = 1e-6  # of the sums of floats
sizes = st.integers(0, 4_000_000)
gaps = st.floats(0, 3, allow_subnormal=False)
lateness = st.floats(0, 0.2, allow_subnormal=False)


def served(
    model: Model, arriving: Iterable[tuple[float, int]], late: Iterable[float] = ()
) -> list[tuple[float, int]]:
    """When each request passes, by a simulated clock; `late`: seconds by which the timers fire too late."""
    delays, before, passed = iter(late), 0.0, []
    for at, size in arriving:
        begun = now = max(at, before)
        while wait := model.waits(now, begun, size):
            now += wait + GRAIN + next(delays, 0.0)
        model.passed(now, begun, size)
        passed.append((now, size))
        before = now
    return passed


def limited(limit: float = LIMIT, **others: float) -> Model:
    model = Model()
    model.behaviour = Behaviour(limit=limit, **others)  # type: ignore[arg-type]
    return model


def most_above(passed: Sequence[tuple[float, int]], limit: float) -> float:
    """The bytes by which the busiest window exceeds what limit, burst and one request allow."""
    found = -math.inf
    for first, (begin, one) in enumerate(passed):
        moved = 0
        for now, size in passed[first:]:
            moved += size
            found = max(found, moved - limit * (now - begin + BURST) - one)
    return found


def arrivals(gapped: Iterable[tuple[float, int]]) -> list[tuple[float, int]]:
    now, found = 0.0, []
    for gap, size in gapped:
        now += gap
        found.append((now, size))
    return found


def test_many_requests_take_as_long_as_the_limit_says() -> None:
    passed = served(limited(), [(10.0, 64_000)] * 1000)
    assert passed[-1][0] == pytest.approx(10 + 1000 * 64_000 / LIMIT - BURST, abs=1e-5)


def test_an_idle_disk_answers_small_requests_at_once_and_large_ones_in_their_time() -> None:
    assert served(limited(), [(10.0, int(LIMIT * BURST))])[0][0] == 10.0
    assert served(limited(), [(10.0, int(LIMIT))])[0][0] == pytest.approx(11 - BURST, abs=1e-5)


@given(st.lists(st.tuples(gaps, sizes), max_size=30), st.lists(lateness, max_size=30))
@example([(0.0, 100_000)] * 20, [0.2] * 20)
def test_no_window_has_more_than_limit_burst_and_one_request(
    gapped: list[tuple[float, int]], late: list[float]
) -> None:
    assert most_above(served(limited(), arrivals(gapped), late), LIMIT) <= CLOSE


@given(st.lists(sizes, min_size=1, max_size=30), st.lists(st.floats(0, BURST / 2), max_size=30))
def test_a_disk_with_enough_to_do_never_falls_behind_its_limit(wanted: list[int], late: list[float]) -> None:
    end = served(limited(), [(0.0, size) for size in wanted], late)[-1][0]
    assert end <= sum(wanted) / LIMIT + max(late, default=0.0) + 1e-5


@given(
    st.lists(st.tuples(gaps, sizes), min_size=2, max_size=20),
    st.lists(st.floats(100_000, 1e7), min_size=1, max_size=4),
)
def test_a_limit_that_changes_never_lets_more_pass_than_the_highest(
    gapped: list[tuple[float, int]], limits: list[float]
) -> None:
    model = Model()
    passed: list[tuple[float, int]] = []
    for number, (at, size) in enumerate(arrivals(gapped)):
        model.behaviour = Behaviour(limit=limits[number % len(limits)])
        passed += served(model, [(max(at, passed[-1][0] if passed else 0.0), size)])
    assert most_above(passed, max(limits)) <= 10 * CLOSE


def test_a_disk_without_a_limit_lets_everything_pass_at_once_and_saves_nothing_up() -> None:
    model = limited(0)
    assert [now for now, _ in served(model, [(0.0, 10**9), (5.0, 10**9)])] == [0.0, 5.0]
    model.behaviour = Behaviour(limit=LIMIT)
    assert served(model, [(5.0, int(LIMIT))])[0][0] >= 6.0 - BURST


@given(
    st.lists(st.tuples(gaps, sizes), min_size=1, max_size=20), st.floats(1, 5), st.sampled_from([0.0, LIMIT])
)
def test_a_stall_lets_nothing_pass_and_saves_nothing_up(
    gapped: list[tuple[float, int]], until: float, limit: float
) -> None:
    passed = served(limited(limit, stalled_until=until), arrivals(gapped))
    assert passed[0][0] >= until
    if limit:
        assert most_above([(until, 0), *passed], limit) <= CLOSE


EVERYWHERE = Failing("a step", Error.EIO, 1.0, frozenset({Kind.WRITE}))


def failing(*each: Failing) -> Model:
    model = Model()
    model.behaviour = Behaviour(failing=each)
    return model


@given(st.integers(1, 100), st.integers(0, 300))
@example(10, 10)
@example(29, 100)
def test_exactly_the_share_of_the_requests_fails(percent: int, requests: int) -> None:
    model = failing(replace(EVERYWHERE, share=percent / 100))
    for seen in range(1, requests + 1):
        model.error(Kind.WRITE, 0, 1)
        assert model._failed.get("a step", 0) == int(Fraction(percent, 100) * seen)


@given(st.integers(1, 100), st.integers(1, 20), st.integers(0, 300))
def test_no_more_requests_fail_than_at_most(percent: int, at_most: int, requests: int) -> None:
    model = failing(replace(EVERYWHERE, share=percent / 100, at_most=at_most))
    errors = [model.error(Kind.WRITE, 0, 1) for _ in range(requests)]
    assert sum(map(bool, errors)) == min(at_most, requests * percent // 100)


@given(
    st.lists(st.tuples(st.integers(0, 30), st.integers(1, 10)), max_size=4),
    st.integers(0, 35),
    st.integers(1, 10),
)
def test_only_requests_that_touch_the_ranges_fail(
    ranges: list[tuple[int, int]], offset: int, size: int
) -> None:
    only = tuple((start, start + length) for start, length in ranges)
    bad = {byte for start, end in only for byte in range(start, end)}
    error = failing(replace(EVERYWHERE, only=only)).error(Kind.WRITE, offset, size)
    assert bool(error) == bool(bad & set(range(offset, offset + size)))


def test_other_kinds_of_requests_and_no_ranges_at_all_never_fail() -> None:
    assert failing(EVERYWHERE).error(Kind.READ, 0, 1) == 0
    assert failing(EVERYWHERE).error(Kind.FLUSH, 0, 0) == 0
    assert failing(replace(EVERYWHERE, only=())).error(Kind.WRITE, 0, 1) == 0


def test_each_owner_has_a_share_and_a_most_of_its_own() -> None:
    both = (replace(EVERYWHERE, at_most=1), replace(EVERYWHERE, owner="other", error=Error.ENOSPC, at_most=2))
    model = failing(*both)
    errors = [model.error(Kind.WRITE, 0, 1) for _ in range(5)]
    assert errors == [errno.EIO, errno.ENOSPC, errno.ENOSPC, 0, 0]


def test_a_step_that_turns_its_knob_again_goes_on_counting() -> None:
    model = failing(replace(EVERYWHERE, at_most=2))
    assert model.error(Kind.WRITE, 0, 1)
    model.behaviour = Behaviour(failing=(replace(EVERYWHERE, at_most=2, only=((0, 9),)),))
    assert [bool(model.error(Kind.WRITE, 0, 1)) for _ in range(3)] == [True, False, False]
