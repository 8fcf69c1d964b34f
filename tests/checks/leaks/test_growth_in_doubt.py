"""What the small dose cannot prove is left to the larger one, and what the clock does not explain to the requests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import exp

import pytest

from chaos.checks.leaks.growth import Kind, by_clock, every, of_route, suspects
from chaos.checks.leaks.points import Points
from chaos.spec.leak_limits import LeakLimits
from chaos.spec.rounds import Rounds
from tests.checks.leaks.planted import Held, quiet_points

ROUNDS = Rounds(idle=2.0)
FILES, TRANSACTIONS, THREADS, MEMORY = (
    "descriptors:file",
    "sessions:idle in transaction",
    "threads",
    "memory:uss",
)
LIMITS = LeakLimits()
WARM = {1: 23.5, 2: 34.5}
"""Just after the end of the warm-up, by the number of routes."""


def stepped(resource: str, after: Mapping[int, int]) -> Held:
    """So many after so many requests of `read`."""

    def held(sent: Mapping[str, int], _: float) -> Mapping[str, float]:
        return {
            resource: next(count for least, count in sorted(after.items())[::-1] if least <= sent["read"])
        }

    return held


def kinds(points: Points, resource: str) -> dict[str | None, Kind]:
    return {each.route: each.kind for each in every(points, ROUNDS) if each.resource == resource}


@pytest.mark.parametrize("resource", [FILES, TRANSACTIONS, "greenlets", "tasks"])
def test_a_pool_that_fills_more_slowly_in_the_warm_up_is_no_leak(resource: str) -> None:
    held = stepped(resource, {0: 0, 550: 5, 600: 6, 700: 8, 850: 10})
    points = quiet_points(ROUNDS, held)
    assert suspects(points, ROUNDS, LIMITS) == ["read"]
    assert kinds(quiet_points(ROUNDS, held, again=("read",)), resource) == {"read": Kind.FLAT}


def test_one_handle_for_each_of_five_hundred_items_is_no_leak() -> None:
    def held(sent: Mapping[str, int], _: float) -> Mapping[str, float]:
        return {FILES: round(500 * (1 - exp(-sent["read"] / 500)))}

    assert suspects(quiet_points(ROUNDS, held), ROUNDS, LIMITS) == ["read"]
    assert kinds(quiet_points(ROUNDS, held, again=("read",)), FILES)["read"] is not Kind.LEAK


def once(resource: str, count: float, each: float) -> Held:
    """`count` more of it in the round without requests, and `each` more with each request of `read`."""
    return lambda sent, at: {resource: 6e7 + count * (at > WARM[len(sent)]) + int(each * sent["read"])}


def test_threads_that_began_once_without_requests_hide_no_slow_leak() -> None:
    points = quiet_points(ROUNDS, once(THREADS, 2, 0.02), routes=("read", "write"))
    still = points.still(THREADS)
    assert still is not None and still.growth == 2
    assert suspects(points, ROUNDS, LIMITS) == ["read"]
    assert by_clock(points, ROUNDS, THREADS) is None


def test_with_one_route_alone_the_larger_dose_tells_the_clock_from_the_requests() -> None:
    points = quiet_points(ROUNDS, once(THREADS, 2, 0.02))
    assert suspects(points, ROUNDS, LIMITS) == ["read"]
    found = kinds(quiet_points(ROUNDS, once(THREADS, 2, 0.02), again=("read",)), THREADS)
    assert found["read"] is Kind.LEAK


def test_an_arena_taken_without_requests_hides_no_memory_that_they_leave() -> None:
    points = quiet_points(
        ROUNDS,
        lambda sent, at: {MEMORY: 6e7 + 1e6 * (at > 30) + 20_000 * sent["read"]},
        routes=("read", "write"),
    )
    assert kinds(points, MEMORY) == {"read": Kind.UNBOUNDED, "write": Kind.FLAT}


def test_what_grows_slowly_by_the_clock_is_no_routes() -> None:
    points = quiet_points(
        ROUNDS, lambda _, at: {FILES: int(at / 3)}, routes=("read", "write"), again=("read", "write")
    )
    found = kinds(points, FILES)
    assert {found["read"], found["write"]} & {Kind.LEAK, Kind.UNBOUNDED} == set()
    assert found[None] is Kind.LEAK


def test_memory_that_only_the_larger_dose_can_show_gets_it_without_a_limit() -> None:
    points = quiet_points(ROUNDS, lambda sent, _: {MEMORY: 6e7 + 10_000 * sent["read"]})
    assert suspects(points, ROUNDS, LIMITS) == ["read"]
    found = of_route(
        quiet_points(ROUNDS, lambda sent, _: {MEMORY: 6e7 + 10_000 * sent["read"]}, again=("read",)),
        ROUNDS,
        MEMORY,
        "read",
        ROUNDS.again,
    )
    assert found is not None and (found.kind, found.rate) == (Kind.UNBOUNDED, 10_000)


def test_the_memory_of_an_idle_allocator_gets_no_larger_dose() -> None:
    noise = stepped(
        MEMORY, {0: 60_000_000, 550: 60_000_000, 600: 61_000_000, 700: 61_050_000, 850: 61_060_000}
    )
    assert suspects(quiet_points(ROUNDS, noise), ROUNDS, LIMITS) == []


def test_a_round_without_a_good_answer_is_starved_however_much_it_left() -> None:
    points = quiet_points(ROUNDS, lambda sent, _: {FILES: sent["read"]})
    none = Points([replace(each, good=0) if each.route else each for each in points.all])
    assert kinds(none, FILES) == {"read": Kind.STARVED}
