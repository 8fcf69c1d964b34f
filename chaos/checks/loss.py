"""Lost writes and RPO: the acknowledged writes against what the target had afterwards.

A write is acknowledged if its hit was good, in baseline or play, whatever the instrument's lag was. Timed-out
writes count neither way and are listed apart. The instant of the loss is known only in a drill, see
`drill/loss`; elsewhere it is the start of the first outage or, without an outage, the end of the play.
Outside a drill nothing excuses a missing write, so each one also counts as lost.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from chaos.checks import lacking, lost_writes
from chaos.checks.account import account
from chaos.checks.drill import loss
from chaos.checks.finding import Finding, Outcome
from chaos.checks.judged import Judged
from chaos.checks.ledger import Ledger, evidence_of, read_ledger, writes
from chaos.spec.units import show_seconds

NAME = "loss"


def check(judged: Judged) -> list[Finding]:
    """`lost_writes` against limits.lost_writes, and `rpo` against budget.rpo."""
    experiment, journal = judged.experiment, judged.journal
    limit, budget = experiment.limits.lost_writes, experiment.budget.rpo
    if (because := lacking.why(journal, "lost_writes")) is not None:
        return [
            Finding(lost_writes.NAME, Outcome.NOT_EXERCISED, None, None, "count", because),
            Finding("rpo", Outcome.NOT_EXERCISED, None, budget, "s", lacking.why(journal, "rpo") or because),
        ]
    ledger = read_ledger(journal)
    if isinstance(ledger, str):
        readable = journal.manifest.reads_back
        expected = limit is not None or (readable and bool(len(writes(journal))))
        outcome = Outcome.UNKNOWN if expected else Outcome.NOT_EXERCISED
        return [
            Finding(lost_writes.NAME, outcome, None, limit, "count", ledger),
            Finding("rpo", outcome, None, budget, "s", ledger),
        ]
    evidence = {**evidence_of(ledger), "account": account(ledger)}
    if experiment.drill is not None:
        return loss.judge(judged, ledger, evidence)
    return [
        lost_writes.judge(limit, evidence),
        _judge_rpo(budget, ledger, _instant(judged), evidence),
    ]


def _judge_rpo(
    budget: float, ledger: Ledger, instant: tuple[float, str], evidence: dict[str, Any]
) -> Finding:
    at, which = instant
    missing = ledger.done_of_missing()
    rpo = max(0.0, at - float(missing.min())) if len(missing) else 0.0
    first = float(ledger.writes.done[ledger.acknowledged].min())
    breakable = at - first > budget
    evidence = {**evidence, "instant_of_loss": at, "instant_is": which, "breakable": breakable}
    outcome = Outcome.PASS if rpo <= budget else Outcome.FAIL
    sign = "≤" if outcome is Outcome.PASS else ">"
    because = f"RPO {show_seconds(rpo)} {sign} {show_seconds(budget)}, counted to {which}"
    if not breakable:
        outcome = Outcome.NOT_EXERCISED
        watched = show_seconds(max(0.0, at - first))
        because = (
            f"RPO {show_seconds(rpo)}, but not evidence: the first write was acknowledged {watched} before "
            f"{which}, which could not break the budget of {show_seconds(budget)}"
        )
    return Finding("rpo", outcome, rpo, budget, "s", because, evidence)


def _instant(judged: Judged) -> tuple[float, str]:
    """Return the instant taken as the loss, on the run clock, and its name."""
    observation, readings = judged.observation, judged.outages
    if observation is None or readings is None:
        done = [np.fmax.reduce(rows["done"]) for rows in judged.journal.hits.pieces()]
        return float(np.nanmax(done)), "the last answer"
    found = readings.seen.found
    return (
        (found[0].start, "the start of the first outage") if found else (observation.ended, "the play's end")
    )
