"""Pool: free connections before and after the faults; what happened during them is reported.

A share is claimed only of a known size. A pool that the target does not show itself is seen from the database, as the
sessions of the service's role that are not idle: they prove that it is full only against that role's own limit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from chaos.checks import gauges
from chaos.checks.finding import Finding, Outcome
from chaos.checks.judged import Judged
from chaos.checks.text import many, percent
from chaos.record.events import GaugesFound, PlayBegun
from chaos.record.gauges import Api, Source
from chaos.record.journal import Journal, Series, Span
from chaos.spec.slo import PoolObjective

NAME = "pool"

_NOTHING_INJECTED = "nothing was injected in the play, so there is no before and after"

SPAN = 5.0
"""Seconds judged on each side: about twenty samples, short enough to be within one phase of the load."""


@dataclass(frozen=True, slots=True)
class Use:
    """The pool in one span: greatest share in use, most waiters, waits that timed out."""

    in_use: float
    waiters: float
    waits_timed_out: int | None  # None: not sampled

    def to_json(self) -> dict[str, float | None]:
        return {"in_use": self.in_use, "waiters": self.waiters, "waits_timed_out": self.waits_timed_out}


def check(judged: Judged) -> list[Finding]:
    """Return one finding per pool SLO: in use below the ratio, and no more waits timed out than allowed. A second
    one if such waits were not counted."""
    pools = [(slo.name, slo.pool) for slo in judged.experiment.slos if slo.pool is not None]
    return [finding for name, pool in pools for finding in _judge(name, pool, judged)]


def seen_by(journal: Journal) -> str:
    """Where the pool's figures are from, as found before the play; empty if that was not recorded."""
    found = journal.latest(GaugesFound)
    return found.pool if found is not None else ""


def use(journal: Journal, span: Span) -> Use | None:
    """Return the pool in [start, end); None if it was not sampled there."""
    shares = gauges.pool_share_in_use(journal).between(span.start, span.end).value
    if not len(shares):
        return None
    waiters = journal.series(Source.API, Api.POOL_WAITERS).between(span.start, span.end).value
    counter = journal.series(Source.API, Api.POOL_WAITS_TIMED_OUT).between(span.start, span.end).value
    # A counter that falls belongs to a restarted worker: only increases count.
    timed_out = int(np.clip(np.diff(counter), 0, None).sum()) if len(counter) else None
    return Use(float(shares.max()), float(waiters.max()) if len(waiters) else 0.0, timed_out)


def _judge(name: str, objective: PoolObjective, judged: Judged) -> list[Finding]:
    if not len(gauges.pool_share_in_use(judged.journal).at):
        return [_without_a_size(name, objective, judged)]
    spans = _spans(judged)
    if spans is None:
        return [Finding(name, Outcome.UNKNOWN, None, objective.in_use, "ratio", _NOTHING_INJECTED)]
    uses = {when: use(judged.journal, span) for when, span in spans.items()}
    during = uses.pop("during")
    sides = {when: seen for when, seen in uses.items() if seen is not None}
    missing = [when for when, seen in uses.items() if seen is None]
    counted = [seen.waits_timed_out for seen in sides.values() if seen.waits_timed_out is not None]
    timed_out = sum(counted)
    worst = max((seen.in_use for seen in sides.values()), default=None)
    full = worst is not None and worst >= objective.in_use
    if full or timed_out > objective.waits_timed_out:
        outcome = Outcome.FAIL
    else:
        outcome = Outcome.UNKNOWN if missing else Outcome.PASS
    because = f"pool in use {_shares(sides)} ({percent(objective.in_use)} allowed)"
    if counted:
        because += f", {many(timed_out, 'wait')} timed out then ({objective.waits_timed_out} allowed)"
    if missing:
        because += f", not sampled {' nor '.join(missing)} the faults"
    if during is not None:
        because += f", up to {percent(during.in_use)} during them"
    if pool := seen_by(judged.journal):
        because += f"; pool: {pool}"
    evidence: dict[str, Any] = {when: seen.to_json() for when, seen in sides.items()}
    evidence["during"] = during.to_json() if during else None
    found = [Finding(name, outcome, worst, objective.in_use, "ratio", because, evidence)]
    if sides and not counted:
        found.append(_not_counted(name, objective))
    return found


def _not_counted(name: str, objective: PoolObjective) -> Finding:
    because = (
        "the target does not show how many waits for a connection timed out (gauge pool_waits_timed_out)"
    )
    allowed = objective.waits_timed_out
    return Finding(f"{name} waits timed out", Outcome.NOT_EXERCISED, None, allowed, "count", because)


def _without_a_size(name: str, objective: PoolObjective, judged: Judged) -> Finding:
    """The finding if no share of a known size can be claimed."""
    journal, allowed = judged.journal, objective.in_use
    used, limit = gauges.pool_in_use(journal), gauges.pool_share_of_limit(journal)
    found, spans = journal.latest(GaugesFound), _spans(judged)
    if not len(used.at):
        if found is None or any(gauge in found.gauges for gauge in (Api.POOL_CHECKED_OUT, Api.POOL_SIZE)):
            because = f"{name}: the target showed no gauges of its connection pool (`gauges:` in its file)"
            return Finding(name, Outcome.UNKNOWN, None, allowed, "ratio", because)
        because = "nothing shows the target's connection pool: name its gauges under `gauges:` in its file"
        return Finding(name, Outcome.NOT_EXERCISED, None, allowed, "ratio", because)
    if spans is None:
        return Finding(name, Outcome.UNKNOWN, None, allowed, "ratio", _NOTHING_INJECTED)
    counts = {when: _most(used, span) for when, span in spans.items()}
    because = f"connections in use: {_counts(counts)}; pool: {seen_by(journal) or 'its size unknown'}"
    shares = [share for when in ("before", "after") if (share := _most(limit, spans[when])) is not None]
    if shares and max(shares) >= allowed:
        because += (
            f": {percent(max(shares))} of the sessions that the role may have, and a pool cannot have more"
        )
        return Finding(name, Outcome.FAIL, max(shares), allowed, "ratio", because, counts)
    because += ": no share can be given; set pool_size under `gauges:`"
    return Finding(name, Outcome.NOT_EXERCISED, None, allowed, "ratio", because, counts)


def _most(series: Series, span: Span) -> float | None:
    values = series.between(span.start, span.end).value
    return float(values.max()) if len(values) else None


def _counts(counts: dict[str, float | None]) -> str:
    return ", ".join(
        f"{'–' if most is None else f'{most:g}'} {when} the faults" for when, most in counts.items()
    )


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
