"""Logs: how many application log lines the rotation lost or doubled, by their line numbers."""

from __future__ import annotations

from chaos.checks.finding import Finding, Outcome
from chaos.checks.judged import Judged
from chaos.checks.text import many
from chaos.record.events import NO_REASON, LogsRead


def check(judged: Judged) -> list[Finding]:
    """Sum of lost and doubled lines against limits.lost_log_lines."""
    limit = judged.experiment.limits.lost_log_lines

    def finding(outcome: Outcome, because: str, measured: float | None = None) -> list[Finding]:
        evidence = dict(read.detail) if read else {}
        return [Finding("logs", "lost_log_lines", outcome, measured, limit, "count", because, evidence)]

    read = judged.journal.latest(LogsRead)
    unread = Outcome.NOT_EXERCISED if limit is None else Outcome.UNKNOWN
    if read is None:
        return finding(unread, "the log lines were not read")
    if not read.complete:
        return finding(unread, f"the log lines were not read completely: {read.because or NO_REASON}")
    lost, doubled = read.lost, read.doubled
    if read.expected == 0:
        return finding(unread, "no log line was written")
    numbers = f"{lost} of {many(read.expected, 'log line')} lost, {doubled} doubled"
    if read.dropped:
        numbers += f" ({read.dropped} dropped by the target itself)"
    if limit is None:
        return finding(Outcome.NOT_EXERCISED, f"{numbers}, and no limit is set", lost + doubled)
    outcome = Outcome.PASS if lost + doubled <= limit else Outcome.FAIL
    return finding(outcome, f"{numbers}, {limit} allowed", lost + doubled)
