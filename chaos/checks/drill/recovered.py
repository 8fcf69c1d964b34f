"""Compare what a point-in-time recovery brought back with the ledger, row by row: PostgreSQL promotes silently even
if WAL is missing.

Writes acknowledged before the loss began must be there; those sent only after it had ended must not.
"""

from __future__ import annotations

from chaos.checks.drill.incident import Incident
from chaos.checks.finding import Finding, Outcome
from chaos.checks.judged import Judged
from chaos.checks.ledger import numbers, sent, writes
from chaos.checks.text import many
from chaos.record.journal import Journal

NAME = "recovered"


def check(judged: Judged) -> list[Finding]:
    """`recovered_rows`: missing and surplus rows in what was recovered."""
    journal, loss = judged.journal, judged.incident
    found = [step for step in judged.runbook_steps if "seq" in step.evidence]
    if loss is None or not found:
        return []
    held = numbers(journal, found[-1].evidence["seq"])
    return [_judge(held, loss, journal, int(found[-1].evidence["put_back"]))]


def _judge(held: set[int], loss: Incident, journal: Journal, put_back: int) -> Finding:
    known = writes(journal)
    promised = {int(n) for n in known.seq[known.acknowledged & (known.done < loss.begun)]}
    late = {int(n) for n in known.seq[sent(journal) > loss.ended]}
    missing, surplus = sorted(promised - held), sorted(held & late)
    wrong = len(missing) + len(surplus)
    outcome = Outcome.FAIL if wrong else Outcome.PASS if promised else Outcome.UNKNOWN
    because = f"{len(promised) - len(missing)} of {many(len(promised), 'promised row')} recovered"
    because += f", {put_back} put back" + (
        f", {many(len(surplus), 'row')} written after the loss" if surplus else ""
    )
    evidence = {"held": len(held), "missing": missing[:20], "surplus": surplus[:20]}
    return Finding("recovered_rows", outcome, wrong, 0.0, "count", because, evidence)
