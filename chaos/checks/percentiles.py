"""The worst percentile of many stretches, exactly."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from chaos.checks.exact import Times, meets
from chaos.checks.windows import Batch


@dataclass(frozen=True, slots=True)
class Slowest:
    """The highest percentile that a stretch has, and the first stretch that has it: its hits [low, high)."""

    value: float
    at: float
    low: int
    high: int


def slowest(batches: Iterable[Batch], latency: Times, percent: float, min_hits: int) -> Slowest | None:
    """By nearest rank, over every stretch with `min_hits` hits or more; None where there is none.

    A percentile is above a value where fewer than `percent` % of the hits are within it, so counting decides,
    and only the batches that have something worse than was found before are looked into.
    """
    worst: Slowest | None = None
    for batch in batches:
        chosen = batch.where(batch.hits >= min_hits)
        if worst is not None and len(chosen):
            chosen = _above(chosen, latency, percent, worst.value)
        if len(chosen):
            worst = _highest(chosen, latency, percent)
    return worst


def _above(batch: Batch, latency: Times, percent: float, value: float) -> Batch:
    """The stretches whose percentile is above the value."""
    return batch.where(~meets(batch.count(latency[batch.span] <= value), batch.hits, percent / 100))


def _highest(batch: Batch, latency: Times, percent: float) -> Slowest:
    values = np.unique(latency[batch.span])
    low, high = 0, len(values) - 1  # the percentile sought lies between them
    while low < high:
        middle = (low + high) // 2
        above = _above(batch, latency, percent, float(values[middle]))
        if len(above):
            batch, low = above, middle + 1
        else:
            high = middle
    return Slowest(float(values[low]), float(batch.at[0]), int(batch.low[0]), int(batch.high[0]))
