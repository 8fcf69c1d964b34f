"""The actual RPO: the age of the newest restored heartbeat."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from chaos.checks.finding import Finding, Outcome
from chaos.checks.judged import JudgedRestore
from chaos.checks.restored.states import is_missing
from chaos.record.events import HeartbeatRead, RestoreBegun
from chaos.spec.restore_experiment import RestoreExperiment
from chaos.spec.units import show_seconds


def check(judged: JudgedRestore) -> list[Finding]:
    """`rpo`: the start of the restore minus the newest heartbeat, against limit and budget.

    A heartbeat in the future fails: a clock is wrong, or the table is not a heartbeat.
    """
    experiment, journal = judged.experiment, judged.journal
    allowed = experiment.rpo
    if journal.manifest.options.get("heartbeat") is None:
        because = "the target file names no heartbeat table, so the age of the data is unknown"
        return [_finding(Outcome.NOT_EXERCISED, None, allowed, because)]
    begun, read = journal.latest(RestoreBegun), journal.latest(HeartbeatRead)
    if begun is None or read is None:
        because = "nothing was restored, so the age of the data is unknown"
        return [_finding(Outcome.NOT_EXERCISED, None, allowed, because)]
    if read.because is not None:
        outcome = Outcome.FAIL if is_missing(read.state or "") else Outcome.UNKNOWN
        return [_finding(outcome, None, allowed, f"cannot read the heartbeat: {read.because}")]
    if read.value is None:
        because = "the heartbeat table was restored without rows, so the age of the data is unknown"
        return [_finding(Outcome.UNKNOWN, None, allowed, because)]
    return [_judge(experiment, begun.utc, str(read.value))]


def _judge(experiment: RestoreExperiment, begun: str, newest: str) -> Finding:
    age = (datetime.fromisoformat(begun) - datetime.fromisoformat(newest)).total_seconds()
    limits = {"budget": experiment.budget.rpo, "limit": experiment.limits.rpo}
    evidence = {"restore_begun": begun, "newest_heartbeat": newest, **limits}
    if age < 0:
        future = f"is {show_seconds(-age)} in the future"
        because = f"the newest heartbeat, {newest}, {future}: a clock is wrong, or it is not a heartbeat"
        return _finding(Outcome.FAIL, age, experiment.rpo, because, evidence)
    outcome = Outcome.PASS if age <= experiment.rpo else Outcome.FAIL
    sign = "≤" if outcome is Outcome.PASS else ">"
    because = f"RPO {show_seconds(age)} {sign} {show_seconds(experiment.rpo)}: the newest heartbeat is from {newest}"
    return _finding(outcome, age, experiment.rpo, because, evidence)


def _finding(
    outcome: Outcome, age: float | None, allowed: float, because: str, evidence: dict[str, Any] | None = None
) -> Finding:
    return Finding("rpo", outcome, age, allowed, "s", because, evidence or {})
