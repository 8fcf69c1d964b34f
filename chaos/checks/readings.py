"""An SLO's ratio read three times: as it was seen, and with every indeterminate hit bad, and with each good."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from chaos.checks.exact import Flags, Times, meets
from chaos.checks.finding import Outcome, bounded
from chaos.checks.scope import Scope
from chaos.checks.windows import Batch


@dataclass(frozen=True, slots=True)
class Stretch:
    """The good hits of a stretch of time that begins `at`, seconds of the run clock."""

    at: float
    good: int
    hits: int

    @property
    def ratio(self) -> float:
        return self.good / self.hits


@dataclass(frozen=True, slots=True)
class Reading:
    """Whether the rule holds, the figure it is held by, and the worst stretch."""

    holds: bool
    value: float
    worst: Stretch
    slices: tuple[int, int] | None = None  # good ones, of all that were judged


Read = Callable[[Times, Flags], Reading | None]
"""Reads hits that are good or not, by their due times; None where no stretch had hits enough."""


@dataclass(frozen=True, slots=True)
class Readings:
    seen: Reading | None
    at_worst: Reading | None
    at_best: Reading | None
    due: int
    indeterminate: int

    @property
    def outcome(self) -> Outcome:
        if self.at_worst is None or self.at_best is None:
            return Outcome.UNKNOWN
        outcome = bounded(self.at_worst.holds, self.at_best.holds)
        return Outcome.UNKNOWN if outcome is Outcome.PASS and self.seen is None else outcome

    @property
    def shown(self) -> Reading | None:
        """What to tell: of a failure, one that shows it even where the play was cut short."""
        if self.outcome is Outcome.FAIL and (self.seen is None or self.seen.holds):
            return self.at_best
        return self.seen


def readings(scope: Scope, good: Flags, read: Read) -> Readings:
    """The three readings. `good` are all hits of the observation that meet the objective."""
    due, good = scope.due, scope.of(good)
    indeterminate = scope.of(scope.observation.indeterminate)
    doubted = int(np.count_nonzero(indeterminate))
    if not doubted:
        seen = read(due, good)
        return Readings(seen, seen, seen, len(due), 0)
    offered = scope.of(scope.observation.offered)
    seen = read(due, good) if offered.all() else read(due[offered], good[offered])
    at_worst, at_best = read(due, good & ~indeterminate), read(due, good | indeterminate)
    return Readings(seen, at_worst, at_best, len(due), doubted)


def each(batches: Iterable[Batch], good: Flags, target: float, min_hits: int) -> Reading | None:
    """Every stretch must meet the target."""
    holds, worst = True, None
    for batch in batches:
        judged = batch.where(batch.hits >= min_hits)
        if not len(judged):
            continue
        counts = judged.count(good[judged.span])
        holds = holds and bool(meets(counts, judged.hits, target).all())
        worst = _worse(worst, _lowest(judged, counts))
    return None if worst is None else Reading(holds, worst.ratio, worst)


def share_of_slices(
    batches: Iterable[Batch], good: Flags, target: float, of_slice: float, min_hits: int
) -> Reading | None:
    """Of all slices that have hits enough, the target's share must meet `of_slice`."""
    met, total, worst = 0, 0, None
    for batch in batches:
        judged = batch.where(batch.hits >= min_hits)
        if not len(judged):
            continue
        counts = judged.count(good[judged.span])
        met += int(np.count_nonzero(meets(counts, judged.hits, of_slice)))
        total += len(judged)
        worst = _worse(worst, _lowest(judged, counts))
    if worst is None:
        return None
    holds = bool(meets(np.array([met], np.int64), np.array([total], np.int64), target)[0])
    return Reading(holds, met / total, worst, (met, total))


def _lowest(batch: Batch, counts: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Stretch:
    """The stretch with the lowest ratio, the earliest of equals."""
    hits = batch.hits
    index = int(np.argmin(counts / hits))
    return Stretch(float(batch.at[index]), int(counts[index]), int(hits[index]))


def _worse(one: Stretch | None, other: Stretch) -> Stretch:
    return other if one is None or (other.ratio, other.at) < (one.ratio, one.at) else one
