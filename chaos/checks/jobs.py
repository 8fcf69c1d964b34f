"""Jobs: whether the target's own jobs did their work while the faults acted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chaos.checks.finding import Finding, Outcome
from chaos.checks.judged import Judged
from chaos.checks.text import many
from chaos.record.events import StepHeld
from chaos.spec.experiment import STARTS_A_JOB

NAME = "jobs"
FINDING = "failed_jobs"


def check(judged: Judged) -> list[Finding]:
    """Count the jobs that did not end as their target file expects, against limits.failed_jobs. Runs of `overlap` do
    not count: one that notices the other and gives up has done right."""
    limit = judged.experiment.limits.failed_jobs
    held = {
        step.name: judged.journal.latest(StepHeld, step.name)
        for step in judged.experiment.steps
        if step.fault == STARTS_A_JOB
    }
    ended = {name: each for name, each in held.items() if each is not None}
    failed = {name: each for name, each in ended.items() if not each.dose.get("completed")}
    told = [f"{name}: {_how(each.evidence)}" for name, each in (failed or ended).items()]
    evidence = {"jobs": {name: each.evidence.get("ended") for name, each in ended.items()}}

    def finding(outcome: Outcome, because: str, measured: float | None = None) -> list[Finding]:
        return [Finding(FINDING, outcome, measured, limit, "count", because, evidence)]

    if limit is None:
        numbers = "; ".join(told)
        return finding(Outcome.NOT_EXERCISED, f"{numbers}; no limit is set", len(failed)) if failed else []
    if len(ended) < len(held) or not held:
        missing = ", ".join(name for name in held if name not in ended) or "none"
        return finding(Outcome.UNKNOWN, f"not every job was started: {missing}")
    outcome = Outcome.PASS if len(failed) <= limit else Outcome.FAIL
    count = f"{len(failed)} of {many(len(ended), 'job')} failed, {limit} allowed"
    return finding(outcome, f"{count}; {'; '.join(told)}", len(failed))


def _how(evidence: Mapping[str, Any]) -> str:
    return str(evidence.get("ended") or "how it ended is not known")
