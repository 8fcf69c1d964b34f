"""A percentile of latency against its threshold, over the scope or in each window of it.

Exact and by nearest rank over all hits that were due; a hit that was not good counts as infinitely slow.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from chaos.checks.exact import Times, percentile
from chaos.checks.finding import Finding, Outcome, bounded
from chaos.checks.percentiles import slowest
from chaos.checks.ratio import nothing_to_judge
from chaos.checks.scope import Scope
from chaos.checks.windows import sliding, whole
from chaos.checks.words import seconds
from chaos.slo import Slo


@dataclass(frozen=True, slots=True)
class Ranked:
    """The percentile of the worst stretch, which begins `at`, and its hits: those within the threshold too."""

    value: float
    at: float
    hits: int
    within: int
    never: int  # not good


@dataclass(frozen=True, slots=True)
class Bounds:
    """As it was seen, and were every indeterminate hit infinitely slow, and were it done at once."""

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
        """What to tell: of a failure, one that shows it even where the play was cut short."""
        failed = self.outcome(below) is Outcome.FAIL
        return self.at_best if failed and (self.seen is None or self.seen.value <= below) else self.seen


def judge(slo: Slo, rank: float, below: float, scope: Scope) -> Finding:
    """The finding on a latency SLO that asks for a percentile."""
    found = _read(slo, rank, below, scope)
    outcome, shown = found.outcome(below), found.shown(below)
    label = f"p{rank:g}{scope.words}"
    if found.at_worst is None or found.at_best is None:
        because = f"{label}: {nothing_to_judge(slo, scope)}"
    elif outcome is Outcome.UNKNOWN or shown is None:
        worst = "" if slo.window is None else f" in the worst {seconds(slo.window)} window"
        because = (
            f"{label}{worst} lies between {seconds(found.at_best.value)} and {seconds(found.at_worst.value)}, "
            f"and {seconds(below)} is asked: {found.indeterminate} of {found.due} hits are indeterminate"
        )
    else:
        because = f"{label} {_told(slo, below, scope, shown)}"
    measured = None if shown is None else shown.value
    evidence = _evidence(rank, found, shown, scope)
    return Finding("latency", slo.name, outcome, measured, below, "s", because, evidence)


def _read(slo: Slo, rank: float, below: float, scope: Scope) -> Bounds:
    def worst(due: Times, latency: Times) -> Ranked | None:
        batches = whole(due, scope.start)
        if slo.window is not None:
            batches = sliding(due, scope.start, scope.end, slo.window)
        found = slowest(batches, latency, rank, slo.min_hits)
        if found is None:
            return None
        held = latency[found.low : found.high]
        within, never = int((held <= below).sum()), int(np.isinf(held).sum())
        return Ranked(found.value, found.at, len(held), within, never)

    due, latency = scope.due, scope.of(scope.observation.latency)
    indeterminate = scope.of(scope.observation.indeterminate)
    offered = scope.of(scope.observation.offered)
    seen = worst(due, latency) if offered.all() else worst(due[offered], latency[offered])
    doubted = int(np.count_nonzero(indeterminate))
    if not doubted:
        return Bounds(seen, seen, seen, len(due), 0)
    at_worst = worst(due, np.where(indeterminate, np.inf, latency))
    at_best = worst(due, np.where(indeterminate, 0.0, latency))
    return Bounds(seen, at_worst, at_best, len(due), doubted)


def _told(slo: Slo, below: float, scope: Scope, shown: Ranked) -> str:
    """`1.4 s ≤ 2 s`, with where in the play the worst window lies, and what was infinitely slow."""
    sign = "≤" if shown.value <= below else ">"
    infinite = shown.value == math.inf
    text = f"{sign} {seconds(below)}" if infinite else f"{seconds(shown.value)} {sign} {seconds(below)}"
    if slo.window is not None:
        at = seconds(round(scope.into_the_play(shown.at), 1))
        text += f": worst {seconds(slo.window)} window, {at} into the play"
        text += f": {shown.within} of {shown.hits} hits good within {seconds(below)}"
    elif infinite:
        text += (
            f": {shown.never} of {shown.hits} hits were not good, and such a hit counts as infinitely slow"
        )
    return text


def _evidence(rank: float, found: Bounds, shown: Ranked | None, scope: Scope) -> dict[str, Any]:
    latency = scope.of(scope.observation.latency)[scope.of(scope.observation.offered)]
    evidence: dict[str, Any] = {f"p{each}": percentile(latency, each) for each in (50, 95, 99)}
    evidence |= {"percentile": rank, "due": found.due, "indeterminate": found.indeterminate}
    if shown is not None:
        evidence |= {"hits": shown.hits, "from": scope.into_the_play(shown.at)}
    if found.at_worst is not None and found.at_best is not None:
        evidence |= {"lowest": found.at_best.value, "highest": found.at_worst.value}
    return evidence
