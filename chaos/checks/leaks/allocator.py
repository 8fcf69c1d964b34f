"""Allocator growth: memory rises with the requests, while no more of it is in use.

An allocator keeps freed memory if something that lies above it is still in use. Python's own serves what is up to 512
bytes, in blocks that are counted; malloc serves the rest, and says how many bytes are in use and how many are free
(mallinfo(3)). What is mapped by neither is not seen.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from chaos.checks.finding import Finding, Outcome
from chaos.checks.leaks.growth import Growth, Kind
from chaos.checks.leaks.points import OWN_MEMORY, Points
from chaos.checks.leaks.resources import BLOCKS, FREE, MALLOC
from chaos.spec.doses import size
from chaos.spec.leak_limits import LEAST_MEMORY

LARGEST_BLOCK = 512
"""Bytes that one of Python's blocks may have: SMALL_REQUEST_THRESHOLD of CPython's obmalloc.c."""

SHARE = 0.5
"""Of the memory that rose: if less than this is in use, the allocator's part is the larger one."""


def findings(points: Points, growths: Sequence[Growth]) -> Iterator[Finding]:
    """One finding per route with whose requests memory rose, and what is in use did not."""
    for growth in growths:
        if growth.resource == OWN_MEMORY and growth.route is not None and _climbs(growth):
            yield from _kept(points, growth, growth.route)


def _climbs(growth: Growth) -> bool:
    steadily = growth.kind in (Kind.UNBOUNDED, Kind.IRREGULAR)
    rises = all(dose.growth > 0 for dose in growth.doses)
    return steadily and rises and _rose(growth) >= LEAST_MEMORY


def _rose(growth: Growth) -> float:
    """Bytes, without what grows by the clock."""
    return growth.rate * sum(dose.requests for dose in growth.doses)


def _kept(points: Points, growth: Growth, route: str) -> Iterator[Finding]:
    names = [dose.name for dose in growth.doses]
    malloc, blocks, free = (points.risen(each, names) for each in (MALLOC, BLOCKS, FREE))
    if malloc is None or blocks is None or free is None:
        return
    rose = _rose(growth)
    used = max(malloc, 0.0) + LARGEST_BLOCK * max(blocks, 0.0)
    if used >= SHARE * rose:
        return
    kept = (
        f"malloc keeps {size(free)} more of free memory"
        if free >= SHARE * rose
        else "the rest is in arenas of Python that are partly empty, or mapped by something else"
    )
    because = (
        f"memory rises by {size(growth.rate)} per request of {route} ({size(rose)} in all), but malloc and Python "
        f"have at most {size(used)} more in use: {kept}"
    )
    evidence = {
        "resource": growth.resource,
        "route": route,
        "rose": rose,
        "malloc": malloc,
        "blocks": blocks,
        "free": free,
    }
    yield Finding(f"allocator of {route}", Outcome.WARNING, growth.rate, None, "bytes", because, evidence)
