"""Burn rate: how many times faster than evenly over its period the error budget was spent.

burn rate = bad fraction / (1 - target). With a short and a long window, it is exceeded only if both, ending at
the same instant, exceed it: so neither past trouble nor a blip counts.
(Google, The Site Reliability Workbook, chapter 5: "Multiwindow, Multi-Burn-Rate Alerts".)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from chaos.checks.exact import Counts, Flags, Times, meets
from chaos.checks.finding import Finding, Outcome
from chaos.checks.judged import Judged
from chaos.checks.slo.availability import all_good
from chaos.checks.slo.error_budget import error_budget
from chaos.checks.slo.latency import share_within
from chaos.checks.slo.objectives import findings
from chaos.checks.slo.ratio import Ratio, bounds, nothing_to_judge, overall, target_of
from chaos.checks.slo.readings import Reading, Readings, Stretch, readings
from chaos.checks.slo.scope import Scope
from chaos.checks.slo.windows import Batch, held, sliding
from chaos.checks.text import amount
from chaos.spec.slo import BurnRate, Slo
from chaos.spec.units import show_seconds

NAME = "burn_rate"


def check(judged: Judged) -> list[Finding]:
    """Return one finding per SLO with a burn rate."""
    wanted = [slo for slo in judged.experiment.slos if slo.burn_rate is not None]
    return findings(wanted, judged, _judge, _unjudged)


def _unjudged(slo: Slo, why: str) -> Finding:
    because = f"{why}, so there is no burn rate"
    return Finding(slo.name, Outcome.UNKNOWN, None, _rule(slo).at_most, "", because)


def _judge(slo: Slo, scope: Scope) -> Finding:
    rule, ratio = _rule(slo), _ratio(slo, scope)
    found = read(slo, rule, ratio.good, scope)
    name, asked = f"burn rate{scope.words}", f"{amount(rule.at_most)} allowed"
    windows = show_seconds(rule.window) + (
        f" and {show_seconds(rule.short)}" if rule.short is not None else ""
    )
    shown = found.shown
    if found.at_worst is None or found.at_best is None:
        because = f"{name}: {nothing_to_judge(slo, scope)}"
    elif found.outcome is Outcome.UNKNOWN or shown is None:
        because = (
            f"{name} over {windows} lies between {amount(found.at_best.value)} and "
            f"{amount(found.at_worst.value)}, {asked}: {found.indeterminate} of {found.due} hits are indeterminate"
        )
    else:
        sign, worst = "≤" if shown.holds else ">", shown.worst
        at = show_seconds(round(scope.into_the_play(worst.at), 1))
        because = (
            f"{name} {amount(shown.value)} {sign} {amount(rule.at_most)} over {windows}: worst {at} into the "
            f"play, {worst.good} of {worst.hits} hits {ratio.adjective}"
        )
    measured = None if shown is None else shown.value
    evidence = {**bounds(found, scope), **error_budget(slo, overall(ratio.good, scope), scope.seconds)}
    return Finding(slo.name, found.outcome, measured, rule.at_most, "", because, evidence)


def read(slo: Slo, rule: BurnRate, good: Flags, scope: Scope) -> Readings:
    """Return the worst burn rate of the three readings."""
    target = target_of(slo)

    def every(due: Times, flags: Sequence[Flags]) -> list[Reading | None]:
        return highest(due, flags, scope.start, scope.end, rule, target, slo.min_hits)

    return readings(scope, good, every)


def highest(
    due: Times,
    flags: Sequence[Flags],
    start: float,
    end: float,
    rule: BurnRate,
    target: float,
    min_hits: int,
) -> list[Reading | None]:
    """Return the highest rate that both windows reach at once; None if no long one within [start, end] has enough
    hits."""
    worst: list[Reading | None] = [None] * len(flags)
    for batch in _long(due, start, end, rule):
        long = batch.where(batch.hits >= min_hits)
        if not len(long):
            continue
        short = None
        if rule.short is not None:
            short = held(due, long.at + (rule.window - rule.short), rule.short)
        found = [_highest(long, short, good, rule, target) for good in flags]
        worst = [_worse(one, other) for one, other in zip(worst, found, strict=True)]
    return worst


def _highest(long: Batch, short: Batch | None, good: Flags, rule: BurnRate, target: float) -> Reading:
    """Return the rates of a batch of long windows, and of the short ones that end with them."""
    bearable = 1 - rule.at_most * (1 - target)  # the ratio of good hits at which the rate is just allowed
    counts, bad = _bad(long, good)
    exceeds = ~meets(counts, long.hits, bearable)
    if short is not None:
        short_counts, short_bad = _bad(short, good)
        exceeds &= ~meets(short_counts, short.hits, bearable)
        bad = np.minimum(bad, short_bad)
    index = int(np.argmax(bad))
    at = Stretch(float(long.at[index]), int(counts[index]), int(long.hits[index]))
    return Reading(not exceeds.any(), float(bad[index]) / (1 - target), at)


def _worse(one: Reading | None, other: Reading) -> Reading:
    """Return the higher rate, the first of equals; it holds if both do."""
    if one is None:
        return other
    return replace(other if other.value > one.value else one, holds=one.holds and other.holds)


def _long(due: Times, start: float, end: float, rule: BurnRate) -> Iterator[Batch]:
    """Return the long windows; the short window's count also changes when its start passes a due time."""
    also = () if rule.short is None else (rule.window - rule.short,)
    return sliding(due, start, end, rule.window, *also)


def _bad(batch: Batch, good: Flags) -> tuple[Counts, Times]:
    """Return the number of good hits, and the bad fraction; 0 without hits."""
    counts = batch.count(good[batch.span])
    return counts, (batch.hits - counts) / np.maximum(batch.hits, 1)


def _rule(slo: Slo) -> BurnRate:
    assert slo.burn_rate is not None, "the caller chose SLOs with one"
    return slo.burn_rate


def _ratio(slo: Slo, scope: Scope) -> Ratio:
    return all_good(scope) if slo.latency is None else share_within(slo.latency, scope)
