"""Stretches of time and the hits due in them: exact, and in batches to save memory.

A sliding window is [t, t + length), for every real t that keeps it within the span. As t grows, the set of
hits changes only just after a hit's due time has become t (it leaves) or t + length (it enters). So every set
that occurs is that of a window that begins or ends at a due time, or of the last window of the span.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from chaos.checks.exact import Counts, Flags, Times

HALF_TICK = 0.5e-9
"""Seconds. The clock counts nanoseconds: instants closer than half of one are equal."""

BATCH = 1 << 18


@dataclass(frozen=True, slots=True)
class Batch:
    """Some stretches in order of time: the start of each, and the hits [low, high) due in it."""

    at: Times
    low: Counts
    high: Counts

    @property
    def hits(self) -> Counts:
        return self.high - self.low

    @property
    def span(self) -> slice:
        """The hits in any of them."""
        return slice(int(self.low[0]), int(self.high[-1]))

    def count(self, flags: Flags) -> Counts:
        """Count the flagged hits of each stretch. `flags` are those of the hits in `span`."""
        before = np.zeros(len(flags) + 1, np.int32)
        np.cumsum(flags, out=before[1:])
        first = int(self.low[0])
        return (before[self.high - first] - before[self.low - first]).astype(np.int64)

    def where(self, chosen: Flags) -> Batch:
        if chosen.all():
            return self
        return Batch(self.at[chosen], self.low[chosen], self.high[chosen])

    def __len__(self) -> int:
        return len(self.at)


def whole(due: Times, start: float) -> Iterator[Batch]:
    """Return all hits as one stretch."""
    yield Batch(np.array([start]), np.zeros(1, np.int64), np.array([len(due)], np.int64))


def sliding(due: Times, start: float, end: float, length: float, *also: float) -> Iterator[Batch]:
    """Yield every set of hits in a window of `length` seconds within [start, end]; none if it is longer.

    `also`: seconds from a window's start to another instant; the caller's own count changes when it passes a
    due time.
    """
    latest = end - length
    if latest < start - HALF_TICK:
        return
    for after in (0.0, length, *also):
        bounds = [start + after - HALF_TICK, latest + after + HALF_TICK]
        first, last = (int(index) for index in np.searchsorted(due, bounds))
        for index in range(first, last, BATCH):
            own = np.arange(index, min(index + BATCH, last))
            yield held(due, due[own] - after, length, own)
    yield held(due, np.array([latest]), length)


def slices(due: Times, start: float, end: float, length: float) -> Iterator[Batch]:
    """Cut [start, end) into fixed slices; the last one may be shorter."""
    number = int(np.ceil((end - start - HALF_TICK) / length))
    for first in range(0, number, BATCH):
        at: Times = start + length * np.arange(first, min(first + BATCH, number), dtype=np.float64)
        yield held(due, at, length)


def held(due: Times, at: Times, length: float, own: Counts | None = None) -> Batch:
    """Return the hits due in [t, t + length) for each t of `at`, which ascends.

    `own`: for each t, the hit that is likely due at one of its window's edges.
    """
    low, high = (_first(due, edge, own) for edge in (at - HALF_TICK, at + (length - HALF_TICK)))
    return Batch(at, low, high)


def _first(due: Times, edge: Times, likely: Counts | None) -> Counts:
    """Return the first hit due at or after each edge. Trying a likely one costs a tenth of a search."""
    if likely is not None and len(edge):
        ends = [0, -1]  # if these two are right, the others may be; if not, none is tried
        if _is_first(due, edge[ends], likely[ends]) and _is_first(due, edge, likely):
            return likely
    return np.searchsorted(due, edge)


def _is_first(due: Times, edge: Times, hit: Counts) -> bool:
    """Return where a hit is due at or after its edge, and the one before it is not."""
    return bool((due[hit] >= edge).all() and (due[hit[hit > 0] - 1] < edge[hit > 0]).all())
