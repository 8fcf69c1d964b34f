"""The hits of the play, second by second: what the timeline draws."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from chaos import hits
from chaos.checks.exact import percentile
from chaos.hits import HitTable, Outcome
from chaos.journal import Span

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Seconds:
    """Arrays over the seconds of the play; `counts[outcome]` are the hits due in that second."""

    at: Array  # the start of each second, from 0
    counts: dict[Outcome, Array]
    percentiles: dict[int, Array]  # seconds; inf: no good answer; NaN: no hit was due


def by_second(table: HitTable, play: Span, percentiles: tuple[int, ...] = (50, 95, 99)) -> Seconds:
    """Count and rank the hits by the second they were due in. A hit that was not good is infinitely slow."""
    length = max(1, int(np.ceil(play.end - play.start)))
    second = np.minimum((table["due"] - play.start).astype(int), length - 1)
    counts = {
        outcome: np.bincount(second[table["outcome"] == outcome], minlength=length).astype(float)
        for outcome in Outcome
    }
    latency = np.where(hits.good(table), table["done"] - table["due"], np.inf)
    edges = np.searchsorted(second, np.arange(length + 1))
    ranked = {rank: np.full(length, np.nan) for rank in percentiles}
    for index in range(length):
        window = latency[edges[index] : edges[index + 1]]
        for rank, line in ranked.items():
            line[index] = percentile(window, rank) if len(window) else np.nan
    return Seconds(np.arange(length, dtype=float), counts, ranked)
