"""The exact worst percentile of many stretches."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from chaos.checks.exact import Times, meets
from chaos.checks.slo.windows import Batch


@dataclass(frozen=True, slots=True)
class Slowest:
    """The highest percentile of any stretch, and the stretch: it begins `at`, and contains hits [low, high).

    Among equals, the one with the smallest share of hits below it, then the earliest.
    """

    value: float
    below: float  # share of the hits
    at: float
    low: int
    high: int

    @property
    def rank(self) -> tuple[float, float, float]:
        return -self.value, self.below, self.at


Latency = Callable[[slice], Times]
"""Returns the latencies of some hits, computed again if they are a reading's own."""


def slowest(
    batches: Iterable[Batch], latencies: Sequence[Latency], percent: float, min_hits: int
) -> list[Slowest | None]:
    """By nearest rank, over every stretch with `min_hits` hits or more; None if there is none.

    For all latencies in one pass. A percentile is above a value if fewer than `percent` % of the hits are within
    it, so counting decides, and only batches at least as bad as the worst so far are examined.
    """
    worst: list[Slowest | None] = [None] * len(latencies)
    for batch in batches:
        chosen = batch.where(batch.hits >= min_hits)
        if len(chosen):
            worst = [
                _slower(one, chosen, latency(chosen.span), percent)
                for one, latency in zip(worst, latencies, strict=True)
            ]
    return worst


def _slower(worst: Slowest | None, batch: Batch, latency: Times, percent: float) -> Slowest | None:
    """Return the worse of the worst so far and the batch. `latency` is of the hits in its span."""
    if worst is None:
        return _highest(batch, latency, percent)
    before = batch.count(latency < worst.value)
    above = ~meets(before, batch.hits, percent / 100)
    if not above.any():
        return worst
    chosen = batch.where(above)
    found = _highest(chosen, latency[_within(batch, chosen)], percent)
    return min(worst, found, key=lambda each: each.rank)


def _highest(batch: Batch, latency: Times, percent: float) -> Slowest:
    values = np.unique(latency)
    low, high = 0, len(values) - 1  # the percentile lies between them
    while low < high:
        middle = (low + high) // 2
        within = batch.count(latency <= values[middle])
        above = ~meets(within, batch.hits, percent / 100)
        if above.any():
            narrower = batch.where(above)
            batch, latency, low = narrower, latency[_within(batch, narrower)], middle + 1
        else:
            high = middle
    below = batch.count(latency < values[low]) / batch.hits
    index = int(np.argmin(below))
    at, first, last = batch.at[index], batch.low[index], batch.high[index]
    return Slowest(float(values[low]), float(below[index]), float(at), int(first), int(last))


def _within(batch: Batch, narrower: Batch) -> slice:
    """Return the positions of the narrower batch's hits among those of the batch."""
    first = batch.span.start
    return slice(narrower.span.start - first, narrower.span.stop - first)
