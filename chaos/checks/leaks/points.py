"""The quiet points of a run's rounds, as series of resources."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

from chaos.checks.leaks.resources import IDLE_SESSIONS, OBJECTS, is_witnessed
from chaos.record.events import QuietPoint
from chaos.spec.leak_limits import MEMORY
from chaos.spec.rounds import NO_REQUESTS, WARM_UP, Bounds

OWN_MEMORY = f"{MEMORY}:uss"
"""The only memory that is judged: of `memory:rss`, pages that several processes share count in each."""

ENOUGH = 0.8
"""Share of a round's requests that must be answered well: one that fails does other work."""

Identity = frozenset[tuple[str, int, float]]


@dataclass(frozen=True, slots=True)
class Dose:
    """One round: what was sent, how long it took from one quiet point to the next, and how the resource rose."""

    name: str
    requests: int  # that were answered well
    sent: int
    seconds: float
    growth: float
    same: bool  # the same processes as at the point before: none ended, none was added

    @property
    def starved(self) -> bool:
        """True if too few requests were answered well to know what they leave behind."""
        return self.requests < ENOUGH * self.sent


@dataclass(frozen=True)
class Points:
    """All quiet points of one run, in order of time."""

    all: Sequence[QuietPoint]

    @cached_property
    def resources(self) -> list[str]:
        """Every resource that was counted at some point, and is judged."""
        every = {resource for each in self._totals for resource in each}
        return sorted(each for each in every if not each.startswith(MEMORY) or each == OWN_MEMORY)

    @cached_property
    def routes(self) -> list[str]:
        """The routes in the order of their rounds."""
        return list(dict.fromkeys(point.route for point in self.all if point.route is not None))

    @cached_property
    def workers(self) -> int:
        """The processes that have no children, at the last point: each may have pools of its own."""
        found = self.all[-1].processes if self.all else ()
        parents = {each.get("parent") for each in found}
        return max(1, sum(each["pid"] not in parents for each in found))

    def bound(self, bounds: Bounds, resource: str) -> int:
        """What all workers may fill; of idle sessions at least the size of the pool, if the target shows it."""
        pools = [point.limits.get(resource, 0) for point in self.all] if resource == IDLE_SESSIONS else []
        return max(bounds.of(resource) * self.workers, math.ceil(max(pools, default=0)))

    def doses(self, resource: str, route: str, times: int = 1) -> list[Dose]:
        """The rounds of a route. Those in which the resource was not counted are left out."""
        return list(self._pairs(resource, lambda point: (point.route, point.times) == (route, times)))

    def still(self, resource: str) -> Dose | None:
        """The round without requests."""
        return next(iter(self._pairs(resource, lambda point: point.name == NO_REQUESTS)), None)

    def risen(self, resource: str, names: Collection[str]) -> float | None:
        """How much it rose over the rounds of these names; None if it was not counted in each of them."""
        found = list(self._pairs(resource, lambda point: point.name in names))
        return sum(each.growth for each in found) if len(found) == len(names) else None

    def sent_before(self, point_name: str, route: str) -> int:
        """The requests of a route before that round, without the baseline's."""
        sent, shares = 0, len(self.routes) or 1
        for point in self.all:
            if point.name == point_name:
                break
            good = good_of(point)
            sent += good // shares if point.name == WARM_UP else good * (point.route == route)
        return sent

    def _pairs(self, resource: str, chosen: Callable[[QuietPoint], bool]) -> Iterable[Dose]:
        seen_within = is_witnessed(resource)
        for (before, point), (then, now), same, earlier, comparable in zip(
            pairwise(self.all), pairwise(self._totals), self._same, self._earlier, self._answered, strict=True
        ):
            if seen_within and not comparable:
                continue
            one, other = then.get(resource), now.get(resource)
            if resource in earlier:
                one = (one or 0.0) + earlier[resource]
            if chosen(point) and one is not None and other is not None:
                yield Dose(
                    point.name, good_of(point), point.requests, point.at - before.at, other - one, same
                )

    @cached_property
    def _totals(self) -> list[dict[str, float]]:
        """By point: with the witness there are hundreds of resources, each judged over every route."""
        return [totals(point) for point in self.all]

    @cached_property
    def _earlier(self) -> list[dict[str, float]]:
        """By point but the first: what its processes held at the point before without its being counted there."""
        return [_summed(point, "earlier") for point in self.all[1:]]

    @cached_property
    def _same(self) -> list[bool]:
        """By point but the first: whether its processes are those of the point before."""
        return [one == other for one, other in pairwise([identity(point) for point in self.all])]

    @cached_property
    def _answered(self) -> list[bool]:
        """By point but the first: whether no process had a witness that answered at one of the two points only. Else
        what it did not count would seem to have gone, or to have come."""
        answered = [_witnesses(point) for point in self.all]
        both = [identity(one) & identity(other) for one, other in pairwise(self.all)]
        return [
            one & there == other & there for (one, other), there in zip(pairwise(answered), both, strict=True)
        ]


def totals(point: QuietPoint) -> dict[str, float]:
    """Each resource summed over the processes: `descriptors:file`, `sessions:idle`, `memory:uss` (bytes) ..."""
    found = _summed(point, "counts") | _summed(point, MEMORY)
    return found | {str(name): float(count) for name, count in point.shared.items()}


def _summed(point: QuietPoint, key: str) -> dict[str, float]:
    found: dict[str, float] = {}
    for process in point.processes:
        for resource, count in _numbers(process, key).items():
            found[resource] = found.get(resource, 0.0) + count
    return found


def good_of(point: QuietPoint) -> int:
    """The requests of a round that were answered well; all, if the journal does not say."""
    return point.requests if point.good is None else point.good


def identity(point: QuietPoint) -> Identity:
    """Which processes were read."""
    return frozenset(map(_one, point.processes))


def _witnesses(point: QuietPoint) -> Identity:
    """Those whose witness gave a census, which always counts the objects."""
    return frozenset(_one(each) for each in point.processes if OBJECTS in _numbers(each, "counts"))


def _one(process: Mapping[str, Any]) -> tuple[str, int, float]:
    return str(process.get("role")), int(process["pid"]), float(process["created"])


def _numbers(process: Mapping[str, Any], key: str) -> Mapping[str, float]:
    found = process.get(key)
    return found if isinstance(found, Mapping) else {}
