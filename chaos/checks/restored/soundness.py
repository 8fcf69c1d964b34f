"""Check that the backup's files and the restored relations are sound, and by which means."""

from __future__ import annotations

from chaos.checks.finding import Finding, Outcome
from chaos.checks.judged import JudgedRestore
from chaos.record.events import FilesVerified, RelationsChecked

NAME = "verification"

_OUTCOMES = {
    "verified": Outcome.PASS,
    "sound": Outcome.PASS,
    "faulty": Outcome.FAIL,
    "damaged": Outcome.FAIL,
}


def check(judged: JudgedRestore) -> list[Finding]:
    """`files`, by the backup's own checksums, and `amcheck`. What could not be checked is not exercised."""
    return [
        _judge("files", judged.journal.latest(FilesVerified)),
        _judge("amcheck", judged.journal.latest(RelationsChecked)),
    ]


def _judge(name: str, said: FilesVerified | RelationsChecked | None) -> Finding:
    if said is None:
        because = f"{name}: nothing was examined"
        return Finding(name, Outcome.NOT_EXERCISED, None, None, "", because)
    outcome = _OUTCOMES.get(said.outcome, Outcome.NOT_EXERCISED)
    because = f"{name} {said.outcome}: {said.by}"
    evidence = {key: value for key, value in said.detail.items() if key not in ("outcome", "by")}
    return Finding(name, outcome, None, None, "", because, evidence)
