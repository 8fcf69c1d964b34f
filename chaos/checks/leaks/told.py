"""One leak in one sentence: how much per request, until which limit, and where."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from chaos.checks.leaks import resources
from chaos.checks.leaks.grown import HELD_BY
from chaos.checks.leaks.growth import Growth, Kind
from chaos.checks.leaks.points import Points, totals
from chaos.checks.leaks.resources import AT, is_placed
from chaos.checks.text import amount
from chaos.spec.leak_limits import MEMORY
from chaos.spec.rounds import Rounds
from chaos.spec.units import show_seconds

MANY = 1.05
"""Pieces per request from which the plural is used."""


def sentence(
    growth: Growth, points: Points, rounds: Rounds | None, places: Sequence[Mapping[str, Any]]
) -> str:
    """Say what grew, as far as it is known."""
    if growth.kind is Kind.BROKEN:
        ended = next(dose.name for dose in growth.doses if not dose.same)
        return f"a process ended, began or could not be read in the round {ended!r}: its growth is not known"
    until = (
        _until(growth, points, None if rounds is None else rounds.usual) if growth.kind is Kind.LEAK else ""
    )
    where = f", {_at(growth.resource)}" if is_placed(growth.resource) else _where(places)
    return f"{_grew(growth)}{where}{until}"


def _where(places: Sequence[Mapping[str, Any]]) -> str:
    """The first place, with its holder; else what grew, by its name."""
    place = next((each for each in places if each.get("place")), None)
    if place is None:
        return next((f": {each['what']}" for each in places if each.get("what")), "")
    holder = f", held by {place['holder']}" if place.get("holder") else ""
    return f", at {str(place['place']).rpartition('/')[2]}{holder}"


def brief(resource: str, route: str | None, rate: float, places: Sequence[Mapping[str, Any]]) -> str:
    """`1 open file per request of read, at leaks.py:44`: what each request leaves, and the line that it comes from."""
    where = f", {_at(resource)}" if is_placed(resource) else _where(places)
    return f"{_per(resource, route, rate)}{where.partition(HELD_BY)[0].partition(' in ')[0]}"


def short(resource: str) -> str:
    """`sockets at leaks.py:52 in ask` of `sockets:at /srv/leaks.py:52 in ask`; any other as it is."""
    return f"{resource.partition(':')[0]} {_at(resource)}" if is_placed(resource) else resource


def place_of(resource: str) -> str:
    """The line that a resource of one place comes from."""
    return resource.partition(":")[2].removeprefix(AT).partition(HELD_BY)[0]


def _at(resource: str) -> str:
    _, holder, rest = resource.partition(HELD_BY)
    return f"{AT}{place_of(resource).rpartition('/')[2]}{holder}{rest}"


def thing(resource: str, count: float = 1) -> str:
    """The name of one piece of a resource, or of several."""
    detail = "" if is_placed(resource) else resource.partition(":")[2]  # said as its place
    return resources.thing(resource, count, detail)


def _grew(growth: Growth) -> str:
    counts = ", ".join(_count(growth.resource, dose.growth) for dose in growth.doses)
    if growth.kind is Kind.IRREGULAR:
        return f"{thing(growth.resource, 2)} moved irregularly, so not by the requests ({counts})"
    if growth.kind is Kind.UNBOUNDED:
        seen = f"up to {growth.requests:,} requests" if growth.route else f"in {_seconds(growth)}"
        return f"grows by {_per_of(growth)}, no bound seen {seen} ({counts})"
    several = growth.rate >= MANY and not growth.resource.startswith(MEMORY)
    return f"{_per_of(growth)} {'are' if several else 'is'} left behind ({counts})"


def _seconds(growth: Growth) -> str:
    """How long it was watched."""
    return show_seconds(round(sum(dose.seconds for dose in growth.doses)))


def _per_of(growth: Growth) -> str:
    return _per(growth.resource, growth.route, growth.rate)


def _per(resource: str, route: str | None, rate: float) -> str:
    """`1 open file per 4.0 requests of read`."""
    of, unit = (f" of {route}", "request") if route else ("", "second")
    if resource.startswith(MEMORY):
        return f"{rate / 1000:.1f} kB per {unit}{of}"
    if rate >= MANY:
        return f"{f'{rate:.1f}'.removesuffix('.0')} {thing(resource, rate)} per {unit}{of}"
    one = thing(resource)
    every = f"{1 / rate:.1f}".removesuffix(".0") if rate > 0 else "∞"
    return f"1 {one} per {unit}{of}" if every == "1" else f"1 {one} per {every} {unit}s{of}"


def _until(growth: Growth, points: Points, usual: float | None) -> str:
    """`; the limit of 1,024 is reached after 3,950 requests, 1.6 h at 0.7/s`."""
    kind = growth.resource.partition(":")[0]
    last = points.all[-1]
    limit = last.limits.get(kind)
    if not isinstance(limit, int | float) or growth.rate <= 0:
        return ""
    shared = kind in last.shared or any(name.startswith(f"{kind}:") for name in last.shared)
    held = _held(points, kind, shared)
    if held >= limit:
        return f"; the limit of {amount(float(limit))} is reached"
    left = (limit - held) * (1 if shared else points.workers) / growth.rate
    requests = math.ceil(left)
    more = f"{amount(requests)} request{'s' * (requests != 1)}" if growth.route else show_seconds(left)
    soon = f", {show_seconds(left / usual)} at {usual:g}/s" if usual and growth.route else ""
    return f"; the limit of {amount(float(limit))} is reached after another {more}{soon}"


def _held(points: Points, kind: str, shared: bool) -> float:
    """What is held now: by all together, or by the process that holds the most."""
    last = points.all[-1]
    if shared:
        return _of_kind(totals(last), kind)
    return max((_of_kind(process["counts"], kind) for process in last.processes), default=0.0)


def _of_kind(counts: Mapping[str, float], kind: str) -> float:
    """What is held of a kind, each piece once: those of a place are counted by their state, too."""
    return sum(
        count for name, count in counts.items() if name.partition(":")[0] == kind and not is_placed(name)
    )


def _count(resource: str, growth: float) -> str:
    return f"{growth / 1e6:+.1f} MB" if resource.startswith(MEMORY) else f"{growth:+g}"
