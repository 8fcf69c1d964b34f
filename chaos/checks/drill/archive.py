"""Check that the archive contained what the server believed to be archived when it was lost: an archive_command that
exits 0 and stores nothing goes unnoticed until the restore."""

from __future__ import annotations

from chaos.checks.finding import Finding, Outcome
from chaos.checks.judged import Judged

NAME = "archive"


def check(judged: Judged) -> list[Finding]:
    """`archive`: whether it was complete, without a measure; only if a restore has read it."""
    loss = judged.incident
    looked = [step for step in judged.runbook_steps if "archive_newest" in step.evidence]
    believed = loss.evidence.get("last_archived") if loss is not None else None
    if not looked or believed is None:
        return []
    newest = looked[-1].evidence["archive_newest"]
    evidence = {"believed": believed, "held": newest}
    if newest is None or str(newest) < str(believed):
        because = (
            f"archive_command lies: it reported {believed} as archived, but the archive ends with {newest}"
        )
        return [Finding(NAME, Outcome.FAIL, None, None, "", because, evidence)]
    because = f"the archive contained everything reported as archived, up to {newest}"
    return [Finding(NAME, Outcome.PASS, None, None, "", because, evidence)]
