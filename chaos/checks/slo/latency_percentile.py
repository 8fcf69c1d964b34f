"""A percentile of latency against its threshold, over the scope or in each window of it.

Exact, by nearest rank over all due hits; a hit that was not good counts as infinitely slow.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from chaos.checks.breakdown import RANKS
from chaos.checks.exact import Flags, Times, percentiles
from chaos.checks.finding import Finding, Outcome, bounded
from chaos.checks.slo.percentiles import Latency, Slowest, slowest
from chaos.checks.slo.ratio import nothing_to_judge
from chaos.checks.slo.scope import Scope
from chaos.checks.slo.windows import sliding
from chaos.spec.slo import Slo
from chaos.spec.units import show_seconds


@dataclass(frozen=True, slots=True)
class Ranked:
    """The percentile of the worst stretch, which begins `at`; its hits, and those within the threshold."""

    value: float
    at: float
    hits: int
    within: int
    never: int  # not good


@dataclass(frozen=True, slots=True)
class Bounds:
    """As seen, with every indeterminate hit infinitely slow, and with every one done at once."""

    seen: Ranked | None
    at_worst: Ranked | None
    at_best: Ranked | None
    due: int
    indeterminate: int

    def outcome(self, below: float) -> Outcome:
        if self.at_worst is None or self.at_best is None:
            return Outcome.UNKNOWN
        outcome = bounded(self.at_worst.value <= below, self.at_best.value <= below)
        return Outcome.UNKNOWN if outcome is Outcome.PASS and self.seen is None else outcome

    def shown(self, below: float) -> Ranked | None:
        """The reading to report: for a failure, one that shows it even if the play was cut short."""
        failed = self.outcome(below) is Outcome.FAIL
        return self.at_best if failed and (self.seen is None or self.seen.value <= below) else self.seen


def judge(slo: Slo, rank: float, below: float, scope: Scope) -> Finding:
    """Return the finding of a latency SLO with a percentile."""
    found = _read(slo, rank, below, scope)
    outcome, shown = found.outcome(below), found.shown(below)
    label = f"p{rank:g}{scope.words}"
    if found.at_worst is None or found.at_best is None:
        because = f"{label}: {nothing_to_judge(slo, scope)}"
    elif outcome is Outcome.UNKNOWN or shown is None:
        worst = "" if slo.window is None else f" in the worst {show_seconds(slo.window)} window"
        low, high = show_seconds(found.at_best.value), show_seconds(found.at_worst.value)
        because = (
            f"{label}{worst} lies between {low} and {high}, "
            f"but must be at most {show_seconds(below)}: {found.indeterminate} of {found.due} hits are indeterminate"
        )
    else:
        because = f"{label} {_told(slo, below, scope, shown)}"
    measured = None if shown is None else shown.value
    evidence = _evidence(rank, found, shown, scope)
    return Finding(slo.name, outcome, measured, below, "s", because, evidence)


def _read(slo: Slo, rank: float, below: float, scope: Scope) -> Bounds:
    indeterminate, offered = scope.of(scope.observation.indeterminate), scope.of(scope.observation.offered)
    doubted = int(np.count_nonzero(indeterminate))
    ranked = _overall if slo.window is None else _in_windows
    seen, at_worst, at_best = ranked(slo, rank, below, scope, indeterminate if doubted else None, offered)
    return Bounds(seen, at_worst, at_best, len(offered), doubted)


Three = tuple[Ranked | None, Ranked | None, Ranked | None]
"""Readings: as seen, at worst, at best."""


def _overall(
    slo: Slo, rank: float, below: float, scope: Scope, indeterminate: Flags | None, offered: Flags
) -> Three:
    """Read all hits as one stretch."""

    def of(latency: Times) -> Ranked | None:
        counts = _counts(latency, below)
        (value,) = percentiles(latency, rank)
        if value is None or len(latency) < slo.min_hits:
            return None
        return Ranked(value, scope.start, len(latency), *counts)

    def bound(value: float) -> Ranked | None:
        latency = scope.latency
        latency[indeterminate] = value
        return of(latency)

    seen = of(scope.latency if offered.all() else scope.latency[offered])
    return (seen, seen, seen) if indeterminate is None else (seen, bound(np.inf), bound(0.0))


def _in_windows(
    slo: Slo, rank: float, below: float, scope: Scope, indeterminate: Flags | None, offered: Flags
) -> Three:
    """Read the worst window."""
    assert slo.window is not None, "checked by the caller"
    length, latency = slo.window, scope.latency

    def worst(due: Times, *latencies: Latency) -> list[Ranked | None]:
        windows = sliding(due, scope.start, scope.end, length)
        found = slowest(windows, latencies, rank, slo.min_hits)
        return [_ranked(one, of, below) for one, of in zip(found, latencies, strict=True)]

    if indeterminate is None:
        (seen,) = worst(scope.due, lambda some: latency[some])
        return seen, seen, seen
    bounds = [_bound(latency, indeterminate, value) for value in (np.inf, 0.0)]
    if offered.all():
        seen, at_worst, at_best = worst(scope.due, lambda some: latency[some], *bounds)
        return seen, at_worst, at_best
    at_worst, at_best = worst(scope.due, *bounds)
    latency = latency[offered]
    (seen,) = worst(scope.due[offered], lambda some: latency[some])
    return seen, at_worst, at_best


def _bound(latency: Times, indeterminate: Flags, value: float) -> Latency:
    """Return the latencies with `value` for every indeterminate hit."""
    return lambda some: np.where(indeterminate[some], value, latency[some])


def _ranked(found: Slowest | None, latency: Latency, below: float) -> Ranked | None:
    if found is None:
        return None
    held = latency(slice(found.low, found.high))
    return Ranked(found.value, found.at, len(held), *_counts(held, below))


def _counts(latency: Times, below: float) -> tuple[int, int]:
    """Count hits within the threshold, and hits that were never good."""
    return int(np.count_nonzero(latency <= below)), int(np.count_nonzero(np.isinf(latency)))


def _told(slo: Slo, below: float, scope: Scope, shown: Ranked) -> str:
    """Return `1.4 s ≤ 2 s`, with the place of the worst window in the play, and infinitely slow hits."""
    sign = "≤" if shown.value <= below else ">"
    infinite = shown.value == math.inf
    text = (
        f"{sign} {show_seconds(below)}"
        if infinite
        else f"{show_seconds(shown.value)} {sign} {show_seconds(below)}"
    )
    if slo.window is not None:
        at = show_seconds(round(scope.into_the_play(shown.at), 1))
        text += f": worst {show_seconds(slo.window)} window, {at} into the play"
        text += f": {shown.within} of {shown.hits} hits good within {show_seconds(below)}"
    elif infinite:
        text += f": {shown.never} of {shown.hits} hits were bad, which counts as infinitely slow"
    return text


def _evidence(rank: float, found: Bounds, shown: Ranked | None, scope: Scope) -> dict[str, Any]:
    found_in = percentiles(scope.latency_offered, *RANKS)
    evidence: dict[str, Any] = {f"p{each}": value for each, value in zip(RANKS, found_in, strict=True)}
    evidence |= {"percentile": rank, "due": found.due, "indeterminate": found.indeterminate}
    if shown is not None:
        evidence |= {"hits": shown.hits, "from": scope.into_the_play(shown.at)}
    if found.at_worst is not None and found.at_best is not None:
        evidence |= {"lowest": found.at_best.value, "highest": found.at_worst.value}
    return evidence
