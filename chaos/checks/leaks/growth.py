"""Tell growth apart: per request, per second, or of something that fills.

The rule: a resource leaks if it rises in every round of a route, in proportion to the round's requests, after a pool
of the largest size expected would have been full. The background rate, from the round without requests, is taken off
first; it is never negative, or threads that end while idle would look like a leak afterwards.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial

from chaos.checks.leaks.points import Dose, Points
from chaos.checks.leaks.resources import GOROUTINES, IDLE_SESSIONS, is_placed
from chaos.spec.leak_limits import LEAST_MEMORY, MEMORY, LeakLimits
from chaos.spec.rounds import Rounds

TOLERANCE = 0.2
"""Share by which a round may differ from its requests times the mean rate; at least one count per worker."""

SIGMAS = 2.0
"""Standard deviations of the smallest round's count, where a request leaves something by chance: one of so many."""

MEMORY_NOISE = 1_500_000.0
"""Bytes by which a process's memory may differ in a round: arenas are taken and given back in such pieces."""

UNDECIDED = (MEMORY, "objects")
"""What is counted in pieces of no known size: a cache of a thousand entries may hold any number of them."""


CONCURRENT = ("descriptors:socket", "threads", GOROUTINES, IDLE_SESSIONS)
"""What a service keeps for requests that it serves at the same time: there is more of it when it becomes slow."""


class Kind(StrEnum):
    """How a resource moved over the rounds of a route."""

    FLAT = "flat"
    FILLING = "filling"  # less with each round: a cache that warms, a pool that fills
    LEAK = "leak"
    UNBOUNDED = "no bound seen"  # rises steadily, but a pool could still be filling
    IRREGULAR = "irregular"
    BROKEN = "broken"  # a process ended or began: nothing can be said
    STARVED = "starved"  # too few requests were answered well, either


@dataclass(frozen=True, slots=True)
class Growth:
    """Growth of one resource over the rounds of one route; `route` None: by the clock."""

    resource: str
    route: str | None
    kind: Kind
    rate: float  # per request; by the clock per second
    requests: int  # of this route until the end of these rounds
    doses: tuple[Dose, ...]
    bound: int  # what all workers together may fill
    likely: bool = False  # a leak if the larger dose exhausts the service


def of_route(
    points: Points,
    rounds: Rounds,
    resource: str,
    route: str,
    times: int = 1,
    background: float | None = None,  # per second; None: that of the clock
) -> Growth | None:
    """Judge one resource over the rounds of one route; None if it was not counted in each of them."""
    doses = points.doses(resource, route, times)
    if len(doses) < rounds.count:
        return None
    if background is None:
        background = _background(points, resource)
    bound = points.bound(rounds.bounds, resource)
    kind, rate = _kind(resource, doses, background, points.workers)
    last = doses[-1]
    sent = points.sent_before(last.name, route)
    likely = kind is Kind.LEAK and not _is_undecided(resource) and rate * sent >= bound
    decides = times > 1 or rounds.again <= 1  # no larger dose follows
    if kind is Kind.LEAK and not (likely and (decides or not _is_early(resource, doses, bound))):
        kind = Kind.UNBOUNDED
    likely = likely and not is_placed(resource) and resource not in CONCURRENT
    return Growth(resource, route, kind, rate, sent + last.requests, tuple(doses), bound, likely)


def _is_early(resource: str, doses: Sequence[Dose], bound: int) -> bool:
    """True of what only the larger dose decides: places are many, so chance may be steady once; what has not risen by
    more than the bound may be a pool that fills at another rate than it did in the warm-up; and what rises less with
    each round may be filling."""
    few = sum(dose.growth for dose in doses[:-1]) < bound
    return few or is_placed(resource) or _slows([dose.growth for dose in doses], doses)


def _slows(growths: Sequence[float], doses: Sequence[Dose]) -> bool:
    return growths[-1] / doses[-1].requests < (1 - TOLERANCE) * growths[0] / doses[0].requests


def _background(points: Points, resource: str) -> float:
    """Growth per second of the round without requests, if every round confirms it: a single thing more, or a pool of
    threads that grew once, would hide a slow leak from the rounds that follow."""
    still, workers = points.still(resource), points.workers
    if still is None or not still.same or still.seconds <= 0:
        return 0.0
    noise = MEMORY_NOISE * workers if _least(resource) else 1.0
    alone = len(points.routes) < 2
    if still.growth < noise or (alone and still.growth == noise):
        return 0.0
    rate = still.growth / still.seconds
    room = noise if _least(resource) else float(workers)
    for route in points.routes:
        doses = [dose for dose in points.doses(resource, route) if dose.same]
        each = [dose.growth - (1 - TOLERANCE) * rate * dose.seconds for dose in doses]
        if any(more < -room for more in each) or sum(each) < -room:
            return 0.0
    return rate


def by_clock(points: Points, rounds: Rounds, resource: str) -> Growth | None:
    """Judge growth in time, whatever is requested: it rises without requests, and as fast in every round."""
    still, rate = points.still(resource), _background(points, resource)
    if still is None or not rate:
        return None
    first = [dose for route in points.routes for dose in points.doses(resource, route)]
    doses = [*first, *_larger(points, rounds, resource)]
    if len(first) < rounds.count or not all(dose.same for dose in doses):
        return None
    own = [min(dose.growth, rate * dose.seconds) for dose in doses]  # the requests may have added more
    if sum(own) <= max(points.workers, _least(resource)):
        return None
    bound = points.bound(rounds.bounds, resource)
    enough = not _is_undecided(resource) and still.growth + sum(own[:-1]) >= bound
    kind, requests = Kind.LEAK if enough else Kind.UNBOUNDED, sum(dose.requests for dose in doses)
    return Growth(resource, None, kind, rate, requests, (still, *doses), bound)


def _larger(points: Points, rounds: Rounds, resource: str) -> list[Dose]:
    if rounds.again <= 1:
        return []
    return [dose for route in points.routes for dose in points.doses(resource, route, rounds.again)]


def suspects(points: Points, rounds: Rounds, limits: LeakLimits) -> list[str]:
    """The routes that a larger dose could decide, in their order."""
    grown = list(every(points, rounds))
    leaking = {each.route for each in grown if each.kind is Kind.LEAK}
    found = {
        each.route
        for each in [*grown, *_behind_the_clock(points, rounds)]
        if (each.kind is Kind.UNBOUNDED and not (_is_part(each.resource) and each.route in leaking))
        or _rises_later(each)
        or _hides(each, rounds, limits)
    }
    return [route for route in points.routes if route in found]


def _behind_the_clock(points: Points, rounds: Rounds) -> Iterator[Growth]:
    """What rises on a route, as if nothing grew by the clock: that growth may hide what few requests leave behind."""
    for resource in points.resources:
        if _background(points, resource) and not _is_undecided(resource):
            for route in points.routes:
                found = of_route(points, rounds, resource, route, background=0.0)
                if found is not None and found.kind in (Kind.LEAK, Kind.UNBOUNDED):
                    yield replace(found, kind=Kind.UNBOUNDED)


def _rises_later(growth: Growth) -> bool:
    """True if a pool that shrank at first, or that is still filling, may hide what each request leaves behind."""
    later = growth.doses[1:]
    moved = growth.kind in (Kind.IRREGULAR, Kind.FILLING) and all(dose.growth > 0 for dose in later)
    return moved and not is_placed(growth.resource)


def _is_part(resource: str) -> bool:
    """True of what is likely part of a leak of the same route that is proven already."""
    return _is_undecided(resource) or is_placed(resource)


def _is_undecided(resource: str) -> bool:
    return resource.partition(":")[0] in UNDECIDED


def _hides(growth: Growth, rounds: Rounds, limits: LeakLimits) -> bool:
    """True of memory that rises in every round by more than allowed, but too little to be distinguished from noise.
    Without a limit: by more than the larger dose can show."""
    if not growth.resource.startswith(MEMORY):
        return False
    allowed = limits.of(growth.resource)
    if allowed is not None:
        return growth.rate > allowed and all(dose.growth > 0 for dose in growth.doses)
    least = LEAST_MEMORY / sum(rounds.doses(max(1, rounds.again)))
    return all(dose.growth > least * dose.requests for dose in growth.doses)


def every(points: Points, rounds: Rounds) -> Iterator[Growth]:
    """Every resource over each route, and by the clock."""
    for resource in points.resources:
        background = _background(points, resource)
        for route in points.routes:
            judged = partial(of_route, points, rounds, resource, route, background=background)
            again = judged(rounds.again) if rounds.again > 1 else None
            if (found := _decided(judged(), again)) is not None:
                yield found
        if (clock := by_clock(points, rounds, resource)) is not None:
            yield clock


def _decided(first: Growth | None, again: Growth | None) -> Growth | None:
    """Return the growth in the larger dose, which decides; but a proven leak stays one, and a suspect stays one if the
    larger dose was not answered: what it takes may have been exhausted, by itself if it is likely a leak."""
    if first is None or again is None:
        return first or again
    if first.kind is Kind.UNBOUNDED and again.kind is Kind.STARVED:
        return replace(first, kind=Kind.LEAK) if first.likely else first
    return first if first.kind is Kind.LEAK else again


def _kind(resource: str, doses: list[Dose], background: float, workers: int) -> tuple[Kind, float]:
    growths = [dose.growth - background * dose.seconds for dose in doses]
    requests = [dose.requests for dose in doses]
    rate, least = sum(growths) / max(sum(requests), 1), _least(resource)
    if not all(dose.same for dose in doses):
        return Kind.BROKEN, rate
    if any(dose.starved for dose in doses):
        return Kind.STARVED, rate
    up = all(one > 0 and dose.growth > 0 for one, dose in zip(growths, doses, strict=True))
    if not up or sum(growths) < least:
        flat = all(abs(one) <= max(workers, least) for one in growths)
        return (Kind.FLAT if flat else Kind.IRREGULAR), rate
    count = MEMORY_NOISE * workers if least else max(workers, SIGMAS * math.sqrt(rate * requests[0]))
    off = [abs(one - rate * sent) for one, sent in zip(growths, requests, strict=True)]
    if all(one <= max(TOLERANCE * rate * sent, count) for one, sent in zip(off, requests, strict=True)):
        return Kind.LEAK, rate
    if _slows(growths, doses):
        return Kind.FILLING, rate
    # caches of the runtime take objects in lumps of any size: only a constant rate makes them suspect
    return (Kind.IRREGULAR if _is_undecided(resource) else Kind.UNBOUNDED), rate


def _least(resource: str) -> float:
    """What must be left in all: less memory is not distinguished from noise."""
    return LEAST_MEMORY if resource.startswith(MEMORY) else 0.0
