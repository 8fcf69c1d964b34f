"""Common parts of SLO checks over hits: the hits of each SLO, and the evidence of every finding."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from chaos.checks.bounds import threshold_of
from chaos.checks.finding import Finding
from chaos.checks.judged import Judged
from chaos.checks.slo.scope import Scope, scope
from chaos.spec.slo import Slo


def findings(
    wanted: Sequence[Slo],
    judged: Judged,
    judge: Callable[[Slo, Scope], Finding],
    unjudged: Callable[[Slo, str], Finding],
) -> list[Finding]:
    """Return one finding per SLO: from its hits, or from the reason why it has none."""
    if not wanted:
        return []
    observation = judged.observation
    if observation is None or len(observation) == 0:
        return [unjudged(slo, "no hit was due in the play") for slo in wanted]
    found = []
    for slo in wanted:
        held = judged.held_to(threshold_of(slo))
        about = scope(slo, judged, held)
        finding = unjudged(slo, about) if isinstance(about, str) else judge(slo, about)
        found.append(replace(finding, evidence={**finding.evidence, **judged.breakdown}))
    return found
