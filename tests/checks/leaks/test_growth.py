"""Leaks are told from pools, caches, clocks and noise, by planted quiet points of known truth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaos.checks.leaks.growth import Growth, Kind, by_clock, every, of_route, suspects
from chaos.checks.leaks.points import Points
from chaos.spec.leak_limits import LeakLimits
from chaos.spec.rounds import Bounds, Rounds
from tests.checks.leaks.planted import Held, quiet_points

ROUNDS = Rounds(idle=2.0)
FILES, ENTRIES = "descriptors:file", "entries:cache"


def leaking(every: int, resource: str = FILES, route: str = "read") -> Held:
    return lambda sent, _: {resource: 7 + sent[route] // every}


def filling(bound: int, every: int, resource: str = FILES) -> Held:
    return lambda sent, _: {resource: min(bound, sent["read"] // every)}


def judged(
    held: Held, resource: str = FILES, *, again: bool = False, workers: int = 1, rounds: Rounds = ROUNDS
) -> Growth:
    points = quiet_points(rounds, held, workers=workers, again=("read",) if again else ())
    found = of_route(points, rounds, resource, "read", rounds.again if again else 1)
    assert found is not None
    return found


@pytest.mark.parametrize("workers", [1, 2, 4])
def test_one_left_per_request_is_a_leak_with_its_exact_rate(workers: int) -> None:
    found = judged(leaking(1), workers=workers)
    assert found.kind is Kind.LEAK and found.rate == pytest.approx(1.0)


@pytest.mark.parametrize("workers", [1, 2])
def test_one_left_per_fifty_requests_needs_the_larger_dose_to_be_a_leak(workers: int) -> None:
    if workers > 1:
        assert judged(leaking(50), workers=workers).kind is Kind.UNBOUNDED
    found = judged(leaking(50), workers=workers, again=True)
    assert found.kind is Kind.LEAK and found.rate == pytest.approx(0.02, rel=0.2)


@pytest.mark.parametrize("per_entry", [1, 10, 50])
@pytest.mark.parametrize("workers", [1, 2])
def test_a_pool_of_ten_is_never_a_leak_however_slowly_it_fills(per_entry: int, workers: int) -> None:
    held = filling(10, per_entry)
    assert judged(held, workers=workers).kind is not Kind.LEAK
    assert judged(held, workers=workers, again=True).kind is not Kind.LEAK


@given(bound=st.integers(1, 1000), per_entry=st.integers(1, 60), workers=st.integers(1, 6))
def test_no_cache_within_the_bounds_is_ever_a_leak(bound: int, per_entry: int, workers: int) -> None:
    held = filling(bound, per_entry, ENTRIES)
    for again in (False, True):
        assert judged(held, ENTRIES, again=again, workers=workers).kind is not Kind.LEAK


@given(every=st.integers(1, 50), workers=st.integers(1, 4))
def test_whatever_is_left_by_every_request_is_at_least_suspect(every: int, workers: int) -> None:
    rounds = Rounds(
        requests=50 * workers, idle=2.0
    )  # 1 per k requests is visible from k requests per worker on
    assert judged(leaking(every), workers=workers, rounds=rounds).kind in (Kind.LEAK, Kind.UNBOUNDED)


def test_a_cache_that_grows_slowly_beyond_the_largest_dose_is_not_called_a_leak() -> None:
    found = judged(leaking(50, ENTRIES), ENTRIES, again=True)
    assert found.kind is Kind.UNBOUNDED and found.requests == 550 + 300 + 3000


def test_what_rises_less_with_each_round_is_filling() -> None:
    found = judged(
        lambda sent, _: {FILES: 30 * (1 - 0.99 ** max(0, sent["read"] - 550)) + 0.01 * sent["read"]}
    )
    assert found.kind is Kind.FILLING


def test_what_the_collector_bounds_is_irregular() -> None:
    heights = {0: 0, 550: 0, 600: 5, 700: 4, 850: 8}
    assert judged(lambda sent, _: {FILES: heights[sent["read"]]}).kind is Kind.IRREGULAR


def test_threads_that_end_while_idle_do_not_make_the_pool_of_others_a_leak() -> None:
    """A background rate below zero would be added to every round."""
    points = quiet_points(ROUNDS, lambda _, at: {"threads": 12 if at < 25 else 10})
    found = of_route(points, ROUNDS, "threads", "read")
    assert found is not None and found.kind is Kind.FLAT


def test_growth_by_the_clock_and_by_the_request_are_told_apart() -> None:
    def both(sent: Mapping[str, int], at: float) -> Mapping[str, float]:
        return {FILES: 2 * at + sent["read"]}

    points = quiet_points(ROUNDS, both)
    found, clock = of_route(points, ROUNDS, FILES, "read"), by_clock(points, ROUNDS, FILES)
    assert found is not None and found.rate == pytest.approx(1.0) and found.kind is Kind.LEAK
    assert clock is not None and clock.rate == pytest.approx(2.0) and clock.kind is Kind.LEAK
    only = quiet_points(ROUNDS, lambda _, at: {FILES: 2 * at})
    quiet = of_route(only, ROUNDS, FILES, "read")
    assert quiet is not None and quiet.kind is Kind.FLAT


def test_the_route_that_leaks_is_named() -> None:
    points = quiet_points(ROUNDS, leaking(1, route="write"), routes=("read", "write", "complete"))
    assert {each.route: each.kind for each in every(points, ROUNDS)} == {
        "read": Kind.FLAT,
        "write": Kind.LEAK,
        "complete": Kind.FLAT,
    }


def test_a_worker_that_restarted_makes_its_rounds_unknown() -> None:
    points = quiet_points(ROUNDS, leaking(1))
    restarted = [dict(each) for each in points.all[-1].processes]
    restarted[-1]["created"] = 99.0
    changed = type(points)([*points.all[:-1], replace(points.all[-1], processes=tuple(restarted))])
    found = of_route(changed, ROUNDS, FILES, "read")
    assert found is not None and found.kind is Kind.BROKEN


def test_only_routes_with_suspects_get_the_larger_dose() -> None:
    points = quiet_points(ROUNDS, leaking(50, ENTRIES, "write"), routes=("read", "write"))
    assert suspects(points, ROUNDS, LeakLimits()) == ["write"]
    assert suspects(quiet_points(ROUNDS, leaking(10**6)), ROUNDS, LeakLimits()) == []


def test_a_pool_that_shrinks_first_hides_no_leak() -> None:
    def shrinking(sent: Mapping[str, int], _: float) -> Mapping[str, float]:
        pooled = 40 if sent["read"] <= 550 else 10
        return {FILES: pooled + sent["read"] // 50}

    assert judged(shrinking).kind is Kind.IRREGULAR
    assert suspects(quiet_points(ROUNDS, shrinking), ROUNDS, LeakLimits()) == ["read"]
    assert judged(shrinking, again=True).kind is Kind.LEAK


def test_a_pool_that_is_still_filling_hides_no_leak() -> None:
    def filling_and_leaking(sent: Mapping[str, int], _: float) -> Mapping[str, float]:
        pooled = min(40, max(0, sent["read"] - 550) // 5)
        return {FILES: pooled + sent["read"] // 50}

    assert judged(filling_and_leaking).kind is Kind.FILLING
    assert suspects(quiet_points(ROUNDS, filling_and_leaking), ROUNDS, LeakLimits()) == ["read"]
    assert judged(filling_and_leaking, again=True).kind is Kind.LEAK


def test_what_one_place_leaves_behind_is_seen_beside_a_busy_pool_and_confirmed_before_it_is_a_leak() -> None:
    place = "sockets:at /srv/app.py:52 in ask"

    def held(sent: Mapping[str, int], at: float) -> Mapping[str, float]:
        leaked = sent["read"] // 50
        return {place: leaked, "descriptors:socket": leaked + 20 + 15 * (int(at) % 3)}

    points = quiet_points(ROUNDS, held)
    assert suspects(points, ROUNDS, LeakLimits()) == ["read"]
    assert judged(held, "descriptors:socket", again=True).kind is not Kind.LEAK
    assert judged(held, place, again=True).kind is Kind.LEAK
    assert judged(lambda sent, _: {place: sent["read"]}, place).kind is Kind.UNBOUNDED


@pytest.mark.parametrize("workers", [1, 2])
def test_a_list_that_is_not_counted_until_it_grows_is_suspect_in_the_first_dose(workers: int) -> None:
    place = "entries:at /srv/app.py:11 in add, held by app.AUDIT"
    points = listed_late(quiet_points(ROUNDS, leaking(1, place), workers=workers), place)
    assert points.all[1].processes[1]["counts"] == {}
    found = of_route(points, ROUNDS, place, "read")
    assert found is not None and found.kind is Kind.UNBOUNDED and found.rate == pytest.approx(1.0)
    assert suspects(points, ROUNDS, LeakLimits()) == ["read"]


def test_a_list_that_one_worker_counts_later_than_the_other_is_not_seen_to_jump() -> None:
    place = "entries:at /srv/app.py:11 in add, held by app.AUDIT"
    points = listed_late(quiet_points(ROUNDS, lambda *_: {place: 100}, workers=2), place, late=2)
    found = of_route(points, ROUNDS, place, "read")
    assert found is not None and found.kind is Kind.FLAT


def listed_late(points: Points, place: str, *, late: int = 1) -> Points:
    """The same points, but a witness has listed the place only since the first round; one worker's, `late` since the
    round after it."""
    found, last = [], dict[object, float]()
    for index, point in enumerate(points.all):
        processes = []
        for number, each in enumerate(point.processes):
            counts = dict(each["counts"])
            since = 2 if number < 2 else 1 + late
            if place in counts and index < since:
                last[each["pid"]] = counts.pop(place)
            known = {place: last[each["pid"]]} if place in counts and index == since else {}
            processes.append({**each, "counts": counts, "earlier": known})
        found.append(replace(point, processes=tuple(processes)))
    return Points(found)


def test_a_leak_that_exhausts_its_pool_in_the_larger_dose_stays_a_leak() -> None:
    state = "sessions:idle in transaction"
    points = quiet_points(ROUNDS, lambda sent, _: {state: min(80, sent["read"] // 20)}, again=("read",))
    exhausted = Points([replace(each, good=each.requests // (1 + (each.times > 1))) for each in points.all])
    assert [each.kind for each in every(exhausted, ROUNDS) if each.resource == state] == [Kind.LEAK]


def test_a_suspect_whose_larger_dose_is_not_answered_stays_one() -> None:
    points = quiet_points(ROUNDS, leaking(2, ENTRIES), again=("read",))
    starved = Points([replace(each, good=each.requests if each.times == 1 else 0) for each in points.all])
    (found,) = [each for each in every(starved, ROUNDS) if each.resource == ENTRIES]
    assert (found.kind, found.requests, found.rate) == (Kind.UNBOUNDED, 850, 0.5)


def test_objects_that_a_cache_of_the_runtime_takes_in_lumps_are_irregular() -> None:
    heights = {0: 0, 550: 0, 600: 4, 700: 87, 850: 122}
    assert judged(lambda sent, _: {"objects": heights[sent["read"]]}, "objects").kind is Kind.IRREGULAR


def test_objects_of_a_proven_leak_need_no_larger_dose() -> None:
    both = quiet_points(ROUNDS, lambda sent, _: {FILES: sent["read"], "objects": 4 * sent["read"]})
    assert suspects(both, ROUNDS, LeakLimits()) == []
    alone = quiet_points(ROUNDS, lambda sent, _: {"objects": 4 * sent["read"]})
    assert suspects(alone, ROUNDS, LeakLimits()) == ["read"]


def test_objects_alone_are_never_a_leak() -> None:
    """A cache of a thousand entries holds any number of objects."""
    found = judged(lambda sent, _: {"objects": 28 * sent["read"]}, "objects", again=True)
    assert found.kind is Kind.UNBOUNDED


@pytest.mark.parametrize(("each", "kind"), [(100, Kind.FLAT), (40_000, Kind.UNBOUNDED)])
def test_memory_below_the_noise_is_flat_and_above_it_suspect_at_most(each: int, kind: Kind) -> None:
    assert judged(lambda sent, _: {"memory:uss": 60e6 + each * sent["read"]}, "memory:uss").kind is kind


def test_memory_above_its_limit_but_below_the_noise_gets_the_larger_dose() -> None:
    points = quiet_points(ROUNDS, lambda sent, _: {"memory:uss": 60e6 + 2500 * sent["read"]})
    assert suspects(points, ROUNDS, LeakLimits(memory=2000)) == ["read"]
    assert suspects(points, ROUNDS, LeakLimits()) == ["read"]  # a gate compares it with its baseline
    assert suspects(points, ROUNDS, LeakLimits(memory=3000)) == []


def test_a_larger_bound_asks_for_more_requests() -> None:
    rounds = Rounds(bounds=Bounds(descriptors=1000), idle=2.0)
    assert judged(leaking(1), rounds=rounds).kind is Kind.UNBOUNDED


@pytest.mark.parametrize("resource", ["greenlets", "entries:at /srv/app.py:11 in add, held by app.KEPT"])
@pytest.mark.parametrize("silent", range(1, 5))
def test_a_witness_that_is_silent_at_one_point_makes_nothing_grow(resource: str, silent: int) -> None:
    points = quiet_points(ROUNDS, lambda *_: {resource: 500, "objects": 90_000}, workers=2)
    all_, quiet = [*points.all], points.all[silent]
    (*others, one) = quiet.processes
    all_[silent] = replace(quiet, processes=(*others, {**one, "counts": {}}))
    assert {each.kind for each in every(Points(all_), ROUNDS)} == {Kind.FLAT}
