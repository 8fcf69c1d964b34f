"""Check that RPO was tested at all: the age of the oldest write unprotected at the loss.

With a standby: since the primary had written what the standby had flushed at the loss. Without one: the age
of the last archived segment. A loss with everything protected costs nothing, and proves nothing about the
budget.
"""

from __future__ import annotations

import numpy as np

from chaos.checks.drill.incident import Incident
from chaos.checks.finding import Finding, Outcome
from chaos.checks.judged import Judged
from chaos.record.gauges import Source, Standby
from chaos.record.journal import Journal
from chaos.spec import doses
from chaos.spec.units import show_seconds

NAME = "exposure"


def check(judged: Judged) -> list[Finding]:
    """`exposure` in seconds, against the least that the drill requires."""
    drill, loss = judged.experiment.drill, judged.incident
    if drill is None or not drill.exposure or loss is None:
        return []
    age, how = _age(judged.journal, loss)
    evidence = {key: value for key, value in loss.evidence.items() if key != "by"}

    def finding(outcome: Outcome, because: str) -> Finding:
        return Finding(NAME, outcome, age, drill.exposure, "s", because, evidence)

    if str(loss.evidence.get("standby", "")).endswith(", sync"):
        return [finding(Outcome.PASS, f"a synchronous standby acknowledges nothing unprotected ({how})")]
    if age is None:
        return [finding(Outcome.UNKNOWN, f"the exposure at the loss is unknown: {how}")]
    if age < drill.exposure:
        because = (
            f"RPO was hardly tested: at the loss, {show_seconds(age)} of writes were unprotected ({how})"
        )
        return [finding(Outcome.NOT_EXERCISED, f"{because}, {show_seconds(drill.exposure)} required")]
    because = f"at the loss, {show_seconds(age)} of writes were unprotected ({how})"
    return [finding(Outcome.PASS, because)]


def _age(journal: Journal, loss: Incident) -> tuple[float | None, str]:
    unflushed = loss.evidence.get("unflushed_bytes")
    if unflushed is not None:
        written = journal.series(Source.REPLICATION, Standby.LSN).between(-np.inf, loss.begun)
        flushed = journal.series(Source.REPLICATION, Standby.FLUSHED).between(-np.inf, loss.begun)
        if not len(written.at):
            return None, "the standby was never sampled"
        ahead = written.value > flushed.value[-1]  # from here on the primary had written more
        since = float(written.at[int(np.argmax(ahead))]) if ahead.any() else loss.begun
        age = max(0.0, loss.begun - since)
        return age, f"{doses.size(float(unflushed))} not flushed by the standby"
    archived = loss.evidence.get("archive_age_seconds")
    if archived is None:
        return None, "there was neither a standby nor an archive to examine"
    return float(archived), f"archived last: {loss.evidence.get('last_archived')}"
