"""Latency, from `due` to `done`: a percentile, or the share of hits good within a threshold."""

from __future__ import annotations

from chaos.checks.finding import Finding, Outcome
from chaos.checks.judged import Judged
from chaos.checks.slo import latency_percentile
from chaos.checks.slo.objectives import findings
from chaos.checks.slo.ratio import Ratio, judge
from chaos.checks.slo.scope import Scope
from chaos.spec.slo import LatencyObjective, Slo
from chaos.spec.units import show_seconds

NAME = "latency"


def check(judged: Judged) -> list[Finding]:
    """Return one finding per latency SLO without a burn rate."""
    wanted = [slo for slo in judged.experiment.slos if slo.latency is not None and slo.burn_rate is None]
    return findings(wanted, judged, _judge, _unjudged)


def share_within(objective: LatencyObjective, scope: Scope) -> Ratio:
    """Return the hits that were good within the threshold."""
    below = show_seconds(objective.below)
    within = scope.observation.within(objective.below)
    return Ratio(f"share within {below}", f"good within {below}", within)


def _judge(slo: Slo, scope: Scope) -> Finding:
    assert slo.latency is not None, "the caller chose SLOs with one"
    if slo.latency.percentile is not None:
        return latency_percentile.judge(slo, slo.latency.percentile, slo.latency.below, scope)
    return judge(slo, share_within(slo.latency, scope), scope)


def _unjudged(slo: Slo, why: str) -> Finding:
    assert slo.latency is not None, "the caller chose SLOs with one"
    allowed, because = slo.latency.below, f"{why}, so there is no latency"
    if slo.target is not None:
        return Finding(slo.name, Outcome.UNKNOWN, None, slo.target, "ratio", because)
    return Finding(slo.name, Outcome.UNKNOWN, None, allowed, "s", because)
