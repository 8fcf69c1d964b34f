"""The hits of the play per second, for the timeline."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from chaos.checks.exact import percentiles as ranks
from chaos.record.hits import Outcome, good
from chaos.record.journal import Span
from chaos.record.stored_hits import StoredHits

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Seconds:
    """Arrays over the seconds of the play; `counts[outcome]` are the hits due in that second."""

    at: Array  # the start of each second, from 0
    counts: dict[Outcome, Array]
    percentiles: dict[int, Array]  # seconds; inf: no good answer; NaN: no hit was due


def by_second(hits: StoredHits, play: Span, percentiles: tuple[int, ...] = (50, 95, 99)) -> Seconds:
    """Count and rank the play's hits by the second they were due in; one that is not good is infinitely slow."""
    length = max(1, int(np.ceil(play.end - play.start)))
    counts = {outcome: np.zeros(length) for outcome in Outcome}
    ranked = {rank: np.full(length, np.nan) for rank in percentiles}

    def second(due: Array) -> npt.NDArray[np.int64]:
        return np.minimum((due - play.start).astype(np.int64), length - 1)

    for index, rows in hits.groups(second, hits.first_due(play.start), hits.first_due(play.end)):
        for outcome, count in enumerate(np.bincount(rows["outcome"], minlength=len(Outcome))):
            counts[Outcome(outcome)][index] = count
        latency = np.where(good(rows), rows["done"] - rows["due"], np.inf)
        for rank, value in zip(percentiles, ranks(latency, *percentiles), strict=True):
            ranked[rank][index] = value
    return Seconds(np.arange(length, dtype=float), counts, ranked)
