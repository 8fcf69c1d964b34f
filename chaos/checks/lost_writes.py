"""Lost acknowledged writes against the limit, in an experiment and in a drill."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chaos.checks.finding import Finding, Outcome
from chaos.checks.text import many

NAME = "lost_writes"


def judge(limit: int | None, evidence: dict[str, Any]) -> Finding:
    """`evidence` comes from `ledger.evidence_of`: `lost_writes`, and their kinds; in a drill without those that were
    lost with the loss, which are `lost_with_it`."""
    lost, acknowledged = evidence[NAME], evidence["acknowledged"]
    besides = evidence.get("lost_with_it")
    apart = f" besides the {besides} lost with the loss" if besides else ""
    because = f"{lost} of {many(acknowledged, 'acknowledged write')} lost{apart}"
    if evidence["different"]:
        because += f" ({evidence['missing']} missing, {evidence['different']} with another payload)"
    if evidence["doubled"]:
        because += f", {evidence['doubled']} stored more than once"
    if limit is None:
        outcome, because = Outcome.NOT_EXERCISED, f"{because}, and no limit is set"
    else:
        outcome = Outcome.PASS if lost <= limit else Outcome.FAIL
        because += f", {limit} allowed"
    because += _apart(evidence.get("apart") or {})
    return Finding(NAME, outcome, lost, limit, "count", because, evidence)


def _apart(apart: Mapping[str, Any]) -> str:
    """Describe records of others, which count neither way."""
    told = []
    if apart.get("records"):
        least = "" if apart.get("whole") else "at least "
        runs = many(int(apart["runs"]), "other run")
        told.append(f"{least}{many(int(apart['records']), 'record')} of {runs} left aside")
    if apart.get("others"):
        told.append(f"{many(int(apart['others']), 'record')} of others among them")
    return "".join(f"; {each}" for each in told)
