"""A ratio of hits against its target: over the scope, in each of its windows, or as a share of its slices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from chaos.checks.exact import Flags, Times
from chaos.checks.finding import Finding, Outcome
from chaos.checks.slo.error_budget import error_budget
from chaos.checks.slo.readings import Reading, Readings, each, readings, share_of_slices
from chaos.checks.slo.scope import Scope
from chaos.checks.slo.windows import slices, sliding, whole
from chaos.checks.text import many, percent
from chaos.spec.slo import Slo
from chaos.spec.units import show_seconds


@dataclass(frozen=True, slots=True)
class Ratio:
    """What is counted, reported as `name`; a counted hit is `adjective`."""

    name: str
    adjective: str
    good: Flags  # of all hits of the play


def judge(slo: Slo, ratio: Ratio, scope: Scope) -> Finding:
    """Return the finding of an SLO with a ratio and without a burn rate."""
    target = target_of(slo)
    found = read(slo, ratio.good, target, scope)
    shown = found.shown
    name, asked = f"{ratio.name}{scope.words}", percent(target)
    if found.at_worst is None or found.at_best is None:
        because = f"{name}: {nothing_to_judge(slo, scope)}"
        return Finding(slo.name, Outcome.UNKNOWN, None, target, "ratio", because)
    if found.outcome is Outcome.UNKNOWN or shown is None:
        low, high = percent(found.at_worst.value), percent(found.at_best.value)
        because = f"{name}{_where(slo)} lies between {low} and {high}, but must be at least {asked}: {_doubt(found)}"
    else:
        sign = "≥" if shown.holds else "<"
        because = f"{name} {percent(shown.value)} {sign} {asked}{told(slo, shown, scope, ratio.adjective)}"
    measured = shown.value if shown is not None else None
    evidence = {**bounds(found, scope), **error_budget(slo, overall(ratio.good, scope), scope.seconds)}
    if slo.timeslices is not None:
        evidence |= error_budget(slo, measured, scope.seconds)
    return Finding(slo.name, found.outcome, measured, target, "ratio", because, evidence)


def target_of(slo: Slo) -> float:
    assert slo.target is not None, "only called for an SLO with a ratio"
    return slo.target


def read(slo: Slo, good: Flags, target: float, scope: Scope) -> Readings:
    """Judge the target in each stretch that the SLO covers."""

    def every(due: Times, flags: Sequence[Flags]) -> list[Reading | None]:
        if slo.timeslices is not None:
            cut = slices(due, scope.start, scope.end, slo.timeslices.window)
            return share_of_slices(cut, flags, target, slo.timeslices.target, slo.min_hits)
        if slo.window is not None:
            return each(sliding(due, scope.start, scope.end, slo.window), flags, target, slo.min_hits)
        return each(whole(due, scope.start), flags, target, slo.min_hits)

    return readings(scope, good, every)


def overall(good: Flags, scope: Scope) -> float | None:
    """Return the ratio seen over the scope, whichever stretches are judged."""
    offered = scope.of(scope.observation.offered)
    total = int(offered.sum())
    return int((scope.of(good) & offered).sum()) / total if total else None


def told(slo: Slo, shown: Reading, scope: Scope, adjective: str) -> str:
    """Describe the counts behind a figure, and the place of the worst stretch in the play."""
    counts = f"{shown.worst.good} of {shown.worst.hits} hits {adjective}"
    at = f"{show_seconds(round(scope.into_the_play(shown.worst.at), 1))} into the play"
    if slo.timeslices is not None and shown.slices is not None:
        met, total = shown.slices
        length, enough = show_seconds(slo.timeslices.window), percent(slo.timeslices.target)
        return f" ({met} of {total} slices of {length} reach {enough}, worst {at}: {counts})"
    if slo.window is not None:
        return f": worst {show_seconds(slo.window)} window, {at}: {counts}"
    return f" ({counts})"


def bounds(found: Readings, scope: Scope) -> dict[str, Any]:
    """Return as evidence the number of hits, the range of the readings, and the worst stretch as seen."""
    evidence: dict[str, Any] = {"due": found.due, "indeterminate": found.indeterminate}
    if found.shown is not None:
        worst = found.shown.worst
        evidence |= {"hits": worst.hits, "good": worst.good, "from": scope.into_the_play(worst.at)}
    if found.at_worst is not None and found.at_best is not None:
        evidence |= {"lowest": found.at_worst.value, "highest": found.at_best.value}
    return evidence


def nothing_to_judge(slo: Slo, scope: Scope) -> str:
    """Explain why no stretch had enough hits."""
    stretch = next((show_seconds(length) for _, length in slo.lengths()), None)
    if stretch is None:
        return f"fewer than {many(slo.min_hits, 'hit')} were due"
    observed = show_seconds(round(scope.end - scope.start, 1))
    return f"no {stretch} of {observed} had {many(slo.min_hits, 'hit')} or more due in it"


def _where(slo: Slo) -> str:
    if slo.timeslices is not None:
        return f" in {show_seconds(slo.timeslices.window)} slices"
    return "" if slo.window is None else f" in the worst {show_seconds(slo.window)} window"


def _doubt(found: Readings) -> str:
    return f"{found.indeterminate} of {found.due} hits are indeterminate"
