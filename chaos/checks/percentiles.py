"""The worst percentile of many stretches, exactly."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from chaos.checks.exact import Times, meets
from chaos.checks.windows import Batch


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


def slowest(batches: Iterable[Batch], latency: Times, percent: float, min_hits: int) -> Slowest | None:
    """By nearest rank, over every stretch with `min_hits` hits or more; None where there is none.

    A percentile is above a value where fewer than `percent` % of the hits are within it, so counting decides,
    and only the batches that have something as bad as was found before are looked into.
    """
    worst: Slowest | None = None
    for batch in batches:
        chosen = batch.where(batch.hits >= min_hits)
        if worst is not None and len(chosen):
            before = chosen.count(latency[chosen.span] < worst.value)
            chosen = chosen.where(~meets(before, chosen.hits, percent / 100))
        if len(chosen):
            found = _highest(chosen, latency, percent)
            worst = found if worst is None else min(worst, found, key=lambda each: each.rank)
    return worst


def _highest(batch: Batch, latency: Times, percent: float) -> Slowest:
    values = np.unique(latency[batch.span])
    low, high = 0, len(values) - 1  # the percentile sought lies between them
    while low < high:
        middle = (low + high) // 2
        within = batch.count(latency[batch.span] <= values[middle])
        above = batch.where(~meets(within, batch.hits, percent / 100))
        if len(above):
            batch, low = above, middle + 1
        else:
            high = middle
    below = batch.count(latency[batch.span] < values[low]) / batch.hits
    index = int(np.argmin(below))
    at, first, last = batch.at[index], batch.low[index], batch.high[index]
    return Slowest(float(values[low]), float(below[index]), float(at), int(first), int(last))
