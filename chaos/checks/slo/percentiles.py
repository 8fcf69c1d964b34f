"""The worst percentile of many stretches, exactly."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from chaos.checks.exact import Times, meets
from chaos.checks.slo.windows import Batch


@dataclass(frozen=True, slots=True)
class Slowest:
    """The highest percentile that a stretch has, and the stretch: it begins `at`, and holds hits [low, high).

    Of several that have it, the one with the smallest share of hits below it, then the earliest.
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
"""The latencies of some hits, made anew where they are a reading's own."""


def slowest(
    batches: Iterable[Batch], latencies: Sequence[Latency], percent: float, min_hits: int
) -> list[Slowest | None]:
    """By nearest rank, over every stretch with `min_hits` hits or more; None where there is none.

    Once for each of the latencies, in one pass. A percentile is above a value where fewer than `percent` % of
    the hits are within it, so counting decides, and only the batches that have something as bad as was found
    before are looked into.
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
    """The worse of the worst so far and of what is in the batch. `latency` is of the hits in its span."""
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
    low, high = 0, len(values) - 1  # the percentile sought lies between them
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
    """Where the hits of the narrower batch lie among those of the batch."""
    first = batch.span.start
    return slice(narrower.span.start - first, narrower.span.stop - first)
