"""An SLO's ratio in three readings: as seen, with every indeterminate hit bad, and with every one good."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from chaos.checks.exact import Counts, Flags, Times, meets, reaches
from chaos.checks.finding import Outcome, bounded
from chaos.checks.slo.scope import Scope
from chaos.checks.slo.windows import Batch


@dataclass(frozen=True, slots=True)
class Stretch:
    """The good hits of a stretch that begins `at`, in seconds of the run clock."""

    at: float
    good: int
    hits: int

    @property
    def ratio(self) -> float:
        return self.good / self.hits


@dataclass(frozen=True, slots=True)
class Reading:
    """Whether the rule holds, the deciding figure, and the worst stretch."""

    holds: bool
    value: float
    worst: Stretch
    slices: tuple[int, int] | None = None  # good ones, and all that were judged


Read = Callable[[Times, Sequence[Flags]], list[Reading | None]]
"""Reads the hits once per set of good flags, all in one pass.

Returns None if no stretch had enough hits.
"""


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
        """The reading to report: for a failure, one that shows it even if the play was cut short."""
        if self.outcome is Outcome.FAIL and (self.seen is None or self.seen.holds):
            return self.at_best
        return self.seen


def readings(scope: Scope, good: Flags, read: Read) -> Readings:
    """Return the three readings. `good` flags all hits of the observation that meet the objective."""
    due, good = scope.due, scope.of(good)
    indeterminate = scope.of(scope.observation.indeterminate)
    doubted = int(np.count_nonzero(indeterminate))
    if not doubted:
        (seen,) = read(due, [good])
        return Readings(seen, seen, seen, len(due), 0)
    bounds = [good & ~indeterminate, good | indeterminate]
    offered = scope.of(scope.observation.offered)
    if offered.all():
        seen, at_worst, at_best = read(due, [good, *bounds])
    else:
        (seen,), (at_worst, at_best) = read(due[offered], [good[offered]]), read(due, bounds)
    return Readings(seen, at_worst, at_best, len(due), doubted)


@dataclass(slots=True)
class _Tally:
    """The stretches judged so far: number that met the target, total, and the worst."""

    met: int = 0
    total: int = 0
    worst: Stretch | None = None

    def add(self, batch: Batch, good: Flags, target: float) -> None:
        counts = batch.count(good[batch.span])
        self.met += int(np.count_nonzero(meets(counts, batch.hits, target)))
        self.total += len(batch)
        self.worst = _worse(self.worst, _lowest(batch, counts))


def _tallies(batches: Iterable[Batch], flags: Sequence[Flags], target: float, min_hits: int) -> list[_Tally]:
    """Return one per set of flags."""
    tallies = [_Tally() for _ in flags]
    for batch in batches:
        judged = batch.where(batch.hits >= min_hits)
        if len(judged):
            for tally, good in zip(tallies, flags, strict=True):
                tally.add(judged, good, target)
    return tallies


def each(
    batches: Iterable[Batch], flags: Sequence[Flags], target: float, min_hits: int
) -> list[Reading | None]:
    """Require that every stretch meets the target."""
    return [
        None if tally.worst is None else Reading(tally.met == tally.total, tally.worst.ratio, tally.worst)
        for tally in _tallies(batches, flags, target, min_hits)
    ]


def share_of_slices(
    batches: Iterable[Batch], flags: Sequence[Flags], target: float, of_slice: float, min_hits: int
) -> list[Reading | None]:
    """Require that the target's share of all slices with enough hits meets `of_slice`."""
    return [_of_slices(tally, target) for tally in _tallies(batches, flags, of_slice, min_hits)]


def _of_slices(tally: _Tally, target: float) -> Reading | None:
    if tally.worst is None:
        return None
    met, total = tally.met, tally.total
    return Reading(reaches(met, total, target), met / total, tally.worst, (met, total))


def _lowest(batch: Batch, counts: Counts) -> Stretch:
    """Return the stretch with the lowest ratio, the earliest of equals."""
    hits = batch.hits
    index = int(np.argmin(counts / hits))
    return Stretch(float(batch.at[index]), int(counts[index]), int(hits[index]))


def _worse(one: Stretch | None, other: Stretch) -> Stretch:
    return other if one is None or (other.ratio, other.at) < (one.ratio, one.at) else one
