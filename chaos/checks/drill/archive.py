"""Whether the archive held what the server believed to be archived when it was lost: an archive_command that
ends with 0 and stores nothing is trusted until the day of the restore."""

from __future__ import annotations

from chaos.checks.finding import Finding, Outcome
from chaos.checks.judged import Judged


def check(judged: Judged) -> list[Finding]:
    """`archive`: nothing to measure, but whether it told the truth; only where a restore has looked at it."""
    loss = judged.incident
    looked = [deed for deed in judged.deeds if "archive_newest" in deed.evidence]
    believed = loss.evidence.get("last_archived") if loss is not None else None
    if not looked or believed is None:
        return []
    newest = looked[-1].evidence["archive_newest"]
    evidence = {"believed": believed, "held": newest}
    if newest is None or str(newest) < str(believed):
        because = (
            f"archive_command lies: {believed} was said to be archived, and the archive ends with {newest}"
        )
        return [Finding("archive", "archive", Outcome.FAIL, None, None, "", because, evidence)]
    because = f"the archive held what it was said to hold, up to {newest}"
    return [Finding("archive", "archive", Outcome.PASS, None, None, "", because, evidence)]
