"""Availability: the share of good hits among all due hits."""

from __future__ import annotations

from chaos.checks.finding import Finding, Outcome
from chaos.checks.judged import Judged
from chaos.checks.slo.objectives import findings
from chaos.checks.slo.ratio import Ratio, judge
from chaos.checks.slo.scope import Scope
from chaos.spec.slo import Slo

NAME = "availability"


def check(judged: Judged) -> list[Finding]:
    """Return one finding per availability SLO without a burn rate, from exact counts."""
    wanted = [slo for slo in judged.experiment.slos if slo.availability is not None and slo.burn_rate is None]
    return findings(wanted, judged, _judge, _unjudged)


def all_good(scope: Scope) -> Ratio:
    return Ratio("availability", "good", scope.observation.good)


def _judge(slo: Slo, scope: Scope) -> Finding:
    return judge(slo, all_good(scope), scope)


def _unjudged(slo: Slo, why: str) -> Finding:
    because = f"{why}, so there is no availability"
    return Finding(slo.name, Outcome.UNKNOWN, None, slo.target, "ratio", because)
