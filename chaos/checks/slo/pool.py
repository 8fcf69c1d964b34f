"""Pool: free connections before and after the faults; what happened during them is reported."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from chaos.checks.finding import Finding, Outcome
from chaos.checks.judged import Judged
from chaos.checks.text import many, percent
from chaos.record.events import PlayBegun
from chaos.record.gauges import Api, Source
from chaos.record.journal import Journal, Series, Span
from chaos.spec.slo import PoolObjective

SPAN = 5.0
"""Seconds judged on each side: about twenty samples, short enough to be within one phase of the load."""


@dataclass(frozen=True, slots=True)
class Use:
    """The pool in one span: greatest share in use, most waiters, waits that timed out."""

    in_use: float
    waiters: float
    waits_timed_out: int

    def to_json(self) -> dict[str, float]:
        return {"in_use": self.in_use, "waiters": self.waiters, "waits_timed_out": self.waits_timed_out}


def check(judged: Judged) -> list[Finding]:
    """Return one finding per pool SLO: in use below the ratio, and no more waits timed out than allowed."""
    return [_judge(slo.name, slo.pool, judged) for slo in judged.experiment.slos if slo.pool is not None]


def share_in_use(journal: Journal) -> Series:
    """Connections checked out divided by the pool's size, over time."""
    out, size = journal.series(Source.API, Api.POOL_CHECKED_OUT), journal.series(Source.API, Api.POOL_SIZE)
    if not len(out.at) or not len(size.at):
        return Series(np.empty(0), np.empty(0))
    sizes = np.interp(out.at, size.at, size.value)
    sized = sizes > 0
    return Series(out.at[sized], out.value[sized] / sizes[sized])


def use(journal: Journal, span: Span) -> Use | None:
    """Return the pool in [start, end); None if it was not sampled there."""
    shares = share_in_use(journal).between(span.start, span.end).value
    if not len(shares):
        return None
    waiters = journal.series(Source.API, Api.POOL_WAITERS).between(span.start, span.end).value
    counter = journal.series(Source.API, Api.POOL_WAITS_TIMED_OUT).between(span.start, span.end).value
    # A counter that falls belongs to a restarted worker: only increases count.
    timed_out = int(np.clip(np.diff(counter), 0, None).sum()) if len(counter) else 0
    return Use(float(shares.max()), float(waiters.max()) if len(waiters) else 0.0, timed_out)


def _judge(name: str, objective: PoolObjective, judged: Judged) -> Finding:
    journal = judged.journal
    if not len(share_in_use(journal).at):
        because = f"{name}: the target showed no gauges of its connection pool (metrics_url)"
        return Finding("pool", name, Outcome.UNKNOWN, None, objective.in_use, "ratio", because)
    spans = _spans(judged)
    if spans is None:
        because = "nothing was injected in the play, so there is no before and after"
        return Finding("pool", name, Outcome.UNKNOWN, None, objective.in_use, "ratio", because)
    uses = {when: use(journal, span) for when, span in spans.items()}
    during = uses.pop("during")
    sides = {when: seen for when, seen in uses.items() if seen is not None}
    missing = [when for when, seen in uses.items() if seen is None]
    timed_out = sum(seen.waits_timed_out for seen in sides.values())
    worst = max((seen.in_use for seen in sides.values()), default=None)
    full = worst is not None and worst >= objective.in_use
    if full or timed_out > objective.waits_timed_out:
        outcome = Outcome.FAIL
    else:
        outcome = Outcome.UNKNOWN if missing else Outcome.PASS
    because = f"pool in use {_shares(sides)} ({percent(objective.in_use)} is the bound)"
    because += f", {many(timed_out, 'wait')} timed out then ({objective.waits_timed_out} allowed)"
    if missing:
        because += f", not sampled {' nor '.join(missing)} the faults"
    if during is not None:
        because += f", up to {percent(during.in_use)} during them"
    evidence: dict[str, Any] = {when: seen.to_json() for when, seen in sides.items()}
    evidence["during"] = during.to_json() if during else None
    return Finding("pool", name, outcome, worst, objective.in_use, "ratio", because, evidence)


def _shares(judged: dict[str, Use]) -> str:
    told = " and ".join(f"{percent(seen.in_use)} {when}" for when, seen in judged.items())
    return f"{told} the faults" if told else "unknown"


def _spans(judged: Judged) -> dict[str, Span] | None:
    """Return the last seconds before the first step, the steps, and the last seconds of the play after them.

    If the play was cut short, or a step was undone only after it, `after` has no samples.
    """
    play, acted = judged.journal.play, judged.spans
    begun = judged.journal.latest(PlayBegun)
    if play is None or begun is None or not acted:
        return None
    end = play.start + (judged.experiment.load.length if begun.length is None else begun.length)
    first, last = acted[0].start, max(span.until(end) for span in acted)
    return {
        "before": Span(first - SPAN, first),
        "during": Span(first, last),
        "after": Span(max(end - SPAN, last), end),
    }
