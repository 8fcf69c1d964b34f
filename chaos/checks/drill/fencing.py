"""Fencing: the old primary comes back and must refuse writes; nothing may have been written to it meanwhile."""

from __future__ import annotations

from chaos.checks.finding import Finding, Outcome
from chaos.checks.judged import Judged
from chaos.checks.ledger import acknowledged_after, numbers
from chaos.checks.text import many

NAME = "fencing"


def check(judged: Judged) -> list[Finding]:
    """`fencing`: whether the old primary accepted a write; `split_brain`: acknowledged writes only it has."""
    if judged.experiment.drill is None:
        return []
    came_back = next((step for step in judged.runbook_steps if "took_a_write" in step.evidence), None)
    if came_back is None:
        return []
    evidence = dict(came_back.evidence)
    only_here = evidence.pop("only_here_seq", None)
    return [_fenced(evidence), _split(judged, only_here, evidence)]


def _fenced(evidence: dict[str, object]) -> Finding:
    if evidence["took_a_write"]:
        because = "the old primary came back and accepted a write: it was not fenced"
        return Finding(NAME, Outcome.FAIL, 1.0, 0.0, "count", because, evidence)
    if evidence.get("write") != "refused":
        because = f"unknown whether the old primary accepts writes: {evidence.get('said')}"
        return Finding(NAME, Outcome.UNKNOWN, None, 0.0, "count", because, evidence)
    because = "the old primary came back and refused writes"
    return Finding(NAME, Outcome.PASS, 0.0, 0.0, "count", because, evidence)


def _split(judged: Judged, only_here: list[int] | None, evidence: dict[str, object]) -> Finding:
    journal, loss = judged.journal, judged.incident
    if only_here is None or loss is None:
        because = str(evidence.get("only_here_because") or "the old primary's rows were not read")
        return Finding("split_brain", Outcome.UNKNOWN, None, 0.0, "count", because)
    split = acknowledged_after(journal, numbers(journal, only_here), loss.ended)
    because = f"{many(len(split), 'acknowledged write')} sent after the loss went to the old primary alone"
    outcome = Outcome.FAIL if split else Outcome.PASS
    told = {"only_on_the_old_primary": len(only_here), "first": split[:20]}
    return Finding("split_brain", outcome, float(len(split)), 0.0, "count", because, told)
