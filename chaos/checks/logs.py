"""Logs: how many lines the rotation lost or doubled."""

from __future__ import annotations

from collections.abc import Iterator

from chaos.checks import lacking
from chaos.checks.finding import Finding, Outcome
from chaos.checks.judged import Judged
from chaos.checks.text import many
from chaos.record.events import NO_REASON, LogsRead, RunEnded

NAME = "logs"
REMEDY = (
    "what was written between the last look and a truncation was not seen: number the lines and set line_id, or rotate "
    "by renaming"
)


def check(judged: Judged) -> list[Finding]:
    """Sum of lost and doubled lines against limits.lost_log_lines."""
    limit = judged.experiment.limits.lost_log_lines

    def finding(outcome: Outcome, because: str, measured: float | None = None) -> list[Finding]:
        evidence = dict(read.detail) if read else {}
        least = read is not None and measured is not None and _at_most(read) != read.lost
        return [
            Finding("lost_log_lines", outcome, measured, limit, "count", because, evidence, lower_bound=least)
        ]

    read = judged.journal.latest(LogsRead)
    unread = Outcome.NOT_EXERCISED if limit is None else Outcome.UNKNOWN
    if read is None:
        because = lacking.why(judged.journal, "lost_log_lines")
        ended = judged.journal.latest(RunEnded)
        unlimited = "no `limits: {lost_log_lines: ...}` is set, so no log was followed"
        if ended is not None and ended.reason != "completed":
            unlimited = "the run ended before the log lines were read"
        return finding(unread, because or (unlimited if limit is None else "the log lines were not read"))
    if not read.complete:
        return finding(unread, f"the log lines were not read completely: {read.because or NO_REASON}")
    if read.expected == 0:
        return finding(unread, "no log line was written")
    worst = _at_most(read)
    numbers = f"{_lost(read, worst)} of {many(read.expected, 'log line')} lost, {read.doubled} doubled"
    if read.dropped:
        numbers += f" ({read.dropped} dropped by the target itself)"
    numbers += "".join(f"; {text}" for text in _of_the_writers(read))
    least = read.lost + read.doubled
    if limit is None:
        return finding(Outcome.NOT_EXERCISED, f"{numbers}, and no limit is set", least)
    if least > limit:
        return finding(Outcome.FAIL, f"{numbers}, {limit} allowed", least)
    if worst is None or worst + read.doubled > limit:
        return finding(Outcome.UNKNOWN, f"{numbers}, {limit} allowed; {REMEDY}", least)
    return finding(Outcome.PASS, f"{numbers}, {limit} allowed", least)


def _at_most(read: LogsRead) -> int | None:
    """The most lines that may be lost; None if nothing bounds them."""
    if read.unbounded:
        return None
    return read.lost if read.at_most is None else read.at_most


def _lost(read: LogsRead, worst: int | None) -> str:
    if worst == read.lost:
        return str(read.lost)
    return f"at least {read.lost}, at most {'any number' if worst is None else worst}"


def _of_the_writers(read: LogsRead) -> Iterator[str]:
    for each in read.kept_writing:
        yield f"not reopened: {each}"
    for each in read.stopped:
        yield f"{each}: no line was written after the rotation"
