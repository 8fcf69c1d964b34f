"""The runbook: each step of the drill was done within its time."""

from __future__ import annotations

from chaos.checks.drill.incident import Deed
from chaos.checks.finding import Finding, Outcome
from chaos.checks.judged import Judged
from chaos.spec.units import show_seconds


def check(judged: Judged) -> list[Finding]:
    """Return one finding per step; `measured` and `allowed` are the seconds it took and may take."""
    drill = judged.experiment.drill
    if drill is None:
        return []
    within = {step.name: step.within for step in drill.runbook}
    return [_judge(deed, within[deed.name]) for deed in judged.deeds]


def _judge(deed: Deed, within: float) -> Finding:
    evidence = {"by": deed.by, **deed.evidence}
    if deed.begun is None:
        outcome = Outcome.FAIL if deed.stopped is not None else Outcome.UNKNOWN
        because = f"{deed.name}: not done: {deed.because or 'never started'}"
        return Finding("runbook", deed.name, outcome, None, within, "s", because, evidence)
    if deed.ended is None:
        outcome = Outcome.FAIL if deed.stopped is not None else Outcome.UNKNOWN
        took = None if deed.stopped is None else deed.stopped - deed.begun
        because = f"{deed.name}: failed: {deed.because or 'the run ended before it did'}"
        return Finding("runbook", deed.name, outcome, took, within, "s", because, evidence)
    took = deed.ended - deed.begun
    because = f"{deed.name}: done in {show_seconds(took)}, by {deed.by}"
    return Finding("runbook", deed.name, Outcome.PASS, took, within, "s", because, evidence)
