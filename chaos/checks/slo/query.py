"""Query: every value of a PromQL query is within its bounds, or the share of what queries count reaches its target, as
the target's Prometheus answered after the play."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from chaos.checks.finding import Finding, Outcome
from chaos.checks.judged import Judged
from chaos.checks.slo import prometheus
from chaos.checks.slo.moments import MISSED
from chaos.checks.text import amount, many
from chaos.record.events import QueryPoint, QueryRead
from chaos.record.journal import Span
from chaos.spec.slo import Slo
from chaos.spec.units import show_seconds

NAME = "query"


def check(judged: Judged) -> list[Finding]:
    """Return one finding per SLO that asks a Prometheus."""
    judges = {"promql": _judge, "prometheus": prometheus.judge}
    return [judges[slo.asked](slo, judged) for slo in judged.experiment.slos if slo.asked is not None]


def _judge(slo: Slo, judged: Judged) -> Finding:
    bound = slo.below if slo.below is not None else slo.above

    def finding(outcome: Outcome, because: str, measured: float | None = None, **evidence: Any) -> Finding:
        return Finding(slo.name, outcome, measured, bound, "", because, {"promql": slo.promql, **evidence})

    play = judged.journal.play
    same = [each for each in judged.journal.every(QueryRead) if each.promql == slo.promql]
    read = min(same, key=lambda each: each.name != slo.name, default=None)
    if read is None or play is None:
        return finding(Outcome.UNKNOWN, "the query was not run after the play")
    points = [each for each in read.points if play.start <= each.at <= play.end]
    if not points:
        return finding(Outcome.UNKNOWN, read.because or "the query has no data in the play")
    gaps = list(_gaps(points, play, read.step or 0.0))
    worst, value = _worst(slo, points)
    told = f"at worst {amount(value)}, {show_seconds(worst.at - play.start)} into the play"
    evidence = {"points": len(points), "series": read.series, "gaps": [[a, b] for a, b in gaps]}
    if not _holds(slo, worst):
        return finding(Outcome.FAIL, f"{told}, {_bounds(slo)} required", value, **evidence)
    if gaps:
        longest = show_seconds(max(b - a for a, b in gaps))
        because = f"{many(len(gaps), 'gap')} without data, the longest {longest}; elsewhere {told}"
        return finding(Outcome.UNKNOWN, because, value, **evidence)
    return finding(Outcome.PASS, f"{told}, {_bounds(slo)} required", value, **evidence)


def _gaps(points: list[QueryPoint], play: Span, step: float) -> Iterator[tuple[float, float]]:
    """Stretches without data, in seconds of the play."""
    at = [play.start, *(each.at for each in points), play.end]
    for before, after in pairwise(at):
        if after - before > MISSED * step:
            yield before - play.start, after - play.start


def _worst(slo: Slo, points: list[QueryPoint]) -> tuple[QueryPoint, float]:
    """The first point that breaks a bound, else the one nearest to it."""
    broken = [each for each in points if not _holds(slo, each)]
    if slo.below is not None and (slo.above is None or any(each.most >= slo.below for each in broken)):
        worst = max(broken or points, key=lambda each: each.most)
        return worst, worst.most
    worst = min(broken or points, key=lambda each: each.least)
    return worst, worst.least


def _holds(slo: Slo, point: QueryPoint) -> bool:
    return (slo.below is None or point.most < slo.below) and (slo.above is None or point.least > slo.above)


def _bounds(slo: Slo) -> str:
    given = [
        f"{word} {amount(value)}"
        for word, value in (("above", slo.above), ("below", slo.below))
        if value is not None
    ]
    return " and ".join(given)
