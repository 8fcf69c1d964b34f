"""Logs: how many application log lines the rotation lost or doubled, by the numbers the lines carry."""

from __future__ import annotations

from chaos.checks.finding import Finding, Outcome
from chaos.checks.judged import Judged
from chaos.checks.text import many


def check(judged: Judged) -> list[Finding]:
    """Lines lost and doubled together against limits.lost_log_lines."""
    limit = judged.experiment.limits.lost_log_lines

    def finding(outcome: Outcome, because: str, measured: float | None = None) -> list[Finding]:
        evidence = dict(event.detail) if event else {}
        return [Finding("logs", "lost_log_lines", outcome, measured, limit, "count", because, evidence)]

    event = judged.journal.last("run", "logs", "read")
    unread = Outcome.NOT_EXERCISED if limit is None else Outcome.UNKNOWN
    if event is None:
        return finding(unread, "the log lines were not read")
    detail = event.detail
    if not detail.get("complete"):
        return finding(
            unread, f"the log lines were not read whole: {detail.get('because') or 'no reason given'}"
        )
    expected, lost, doubled = (int(detail.get(key, 0)) for key in ("expected", "lost", "doubled"))
    if expected == 0:
        return finding(unread, "no log line was written")
    numbers = f"{lost} of {many(expected, 'log line')} lost, {doubled} doubled"
    if dropped := int(detail.get("dropped", 0)):
        numbers += f" ({dropped} dropped by the target itself)"
    if limit is None:
        return finding(Outcome.NOT_EXERCISED, f"{numbers}, and no limit is set", lost + doubled)
    outcome = Outcome.PASS if lost + doubled <= limit else Outcome.FAIL
    return finding(outcome, f"{numbers}, {limit} allowed", lost + doubled)
