"""The runbook: each step of the drill was done within its time."""

from __future__ import annotations

from chaos.checks.drill.incident import RunbookStepRun
from chaos.checks.finding import Finding, Outcome
from chaos.checks.judged import Judged
from chaos.spec.units import show_seconds

NAME = "runbook"


def check(judged: Judged) -> list[Finding]:
    """Return one finding per step; `measured` and `allowed` are the seconds it took and may take."""
    drill, loss = judged.experiment.drill, judged.incident
    if drill is None:
        return []
    within = {step.name: step.within for step in drill.runbook}
    begun = None if loss is None else loss.begun
    return [_judge(step, within[step.name], begun) for step in judged.runbook_steps]


def _judge(step: RunbookStepRun, within: float, loss: float | None) -> Finding:
    evidence = {"by": step.by, **step.evidence}
    if step.begun is None:
        outcome = Outcome.FAIL if step.stopped is not None else Outcome.UNKNOWN
        because = f"{step.name}: not done: {step.because or 'never started'}"
        return Finding(step.name, outcome, None, within, "s", because, evidence)
    if step.ended is None:
        outcome = Outcome.FAIL if step.stopped is not None else Outcome.UNKNOWN
        because = f"{step.name}: failed: {step.because or 'the run ended before it did'}"
        return Finding(step.name, outcome, step.took, within, "s", because, evidence)
    took = "an unknown time" if step.took is None else show_seconds(step.took)
    when = f"{took} after the loss" if step.since == loss else f"in {took}"
    because = f"{step.name}: done {when}, by {step.by}"
    return Finding(step.name, Outcome.PASS, step.took, within, "s", because, evidence)
