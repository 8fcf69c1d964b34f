"""Loss in a drill: writes excused by the loss count for the RPO, all others as lost writes.

A missing acknowledged write is excused if it was sent before the loss was over: the cost of the unprotected
seconds. The RPO is the end of the loss minus the acknowledgement of the oldest of them. Every other
acknowledged write that is missing, or has another payload, is one of `lost_writes`, which `limits.lost_writes` bounds.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from chaos.checks import lost_writes
from chaos.checks.exact import Flags
from chaos.checks.finding import Finding, Outcome
from chaos.checks.judged import Judged
from chaos.checks.ledger import MISSING, Ledger, sent
from chaos.checks.text import many
from chaos.spec.experiment import Experiment
from chaos.spec.units import show_seconds


def judge(judged: Judged, ledger: Ledger, evidence: dict[str, Any]) -> list[Finding]:
    """`lost_writes` against limits.lost_writes, and `rpo` against limits.rpo and budget.rpo."""
    experiment, loss = judged.experiment, judged.incident
    limits, budget = experiment.limits, experiment.budget.rpo
    allowed = budget if limits.rpo is None else limits.rpo
    if loss is None:
        because = "the loss never happened"
        return [
            Finding(lost_writes.NAME, Outcome.UNKNOWN, None, limits.lost_writes, "count", because),
            Finding("rpo", Outcome.UNKNOWN, None, allowed, "s", because),
        ]
    before_its_end = ledger.acknowledged & (sent(judged.journal) < loss.ended)
    excused = before_its_end & (ledger.state == MISSING)
    count = int(np.count_nonzero(excused))
    shown = {
        **evidence,
        "instant_of_loss": loss.ended,
        "acknowledged_before_the_loss": int(np.count_nonzero(before_its_end)),
        "lost_with_it": count,
        "lost_in_all": evidence[lost_writes.NAME],
        lost_writes.NAME: evidence[lost_writes.NAME] - count,
        "missing": evidence["missing"] - count,
    }
    return [
        lost_writes.judge(limits.lost_writes, shown),
        _rpo(ledger, excused, loss.ended, experiment, shown),
    ]


def _rpo(
    ledger: Ledger, excused: Flags, instant: float, experiment: Experiment, evidence: dict[str, Any]
) -> Finding:
    limit, budget = experiment.limits.rpo, experiment.budget.rpo
    allowed = budget if limit is None else limit
    if not evidence["acknowledged_before_the_loss"]:
        because = "nothing was acknowledged before the loss, so nothing could be lost with it"
        return Finding("rpo", Outcome.UNKNOWN, None, allowed, "s", because, evidence)
    done = ledger.writes.done[excused]
    rpo = max(0.0, instant - float(done.min())) if len(done) else 0.0
    outcome = Outcome.PASS if rpo <= allowed and rpo <= budget else Outcome.FAIL
    because = f"RPO {show_seconds(rpo)} {'≤' if rpo <= allowed else '>'} {show_seconds(allowed)}"
    because += f" ({many(len(done), 'acknowledged write')} lost with it)"
    first = float(ledger.writes.done[ledger.acknowledged].min())
    if outcome is Outcome.PASS and limit is None and instant - first <= budget:
        outcome = Outcome.NOT_EXERCISED
        because += f", but not evidence: so short a play could not break the budget of {show_seconds(budget)}"
    return Finding("rpo", outcome, rpo, allowed, "s", because, evidence)
