"""Effect: each step did its act, by its dose at the injector against its floor."""

from __future__ import annotations

import math
from typing import Any

from chaos.checks.finding import Finding, Outcome
from chaos.checks.judged import Judged
from chaos.record import events
from chaos.record.journal import Journal
from chaos.spec import doses
from chaos.spec.experiment import Step

NAME = "effect"
LEFT_OUT = "left_out"  # in the evidence of a step that the target cannot play


def check(judged: Judged) -> list[Finding]:
    """Return one finding per step; `measured` is its least ratio of dose to floor, and must be at least 1. A step that
    the target cannot play is not exercised."""
    left_out = [each for each in judged.journal.manifest.lacking if each.kind == "step"]
    return [
        *(_judge(step, judged.journal) for step in judged.experiment.steps),
        *(
            Finding(
                *(each.name, Outcome.NOT_EXERCISED, None, 1.0, "ratio", f"{each.what}: {each.because}"),
                evidence={LEFT_OUT: True},
            )
            for each in left_out
        ),
    ]


def _judge(step: Step, journal: Journal) -> Finding:
    def finding(outcome: Outcome, because: str, measured: float | None = None, **evidence: Any) -> Finding:
        sentence = f"{step.name}: {because}"
        shown = {"fault": step.fault, "optional": step.optional, **evidence}
        return Finding(step.name, outcome, measured, 1.0, "ratio", sentence, shown)

    short = Outcome.NOT_EXERCISED if step.optional else Outcome.UNKNOWN
    if failed := journal.latest(events.StepFailed, step.name):
        return finding(Outcome.UNKNOWN, f"failed: {failed.because}")
    if skipped := journal.latest(events.StepSkipped, step.name):
        return finding(short, f"skipped: {skipped.because}")
    if journal.latest(events.StepInjected, step.name) is None:
        return finding(Outcome.UNKNOWN, "never injected")
    held = journal.latest(events.StepHeld, step.name)
    if held is None:
        return finding(Outcome.UNKNOWN, "its dose was never recorded")
    dose, floor = dict(held.dose), dict(held.floor)
    evidence = {"dose": dose, "floor": floor, **held.evidence}
    if unproven := held.unproven:
        return finding(short, f"effect not proven: {unproven}", **evidence)
    if not floor:
        return finding(Outcome.UNKNOWN, "no floor stated, so nothing proves its effect", **evidence)
    below = [name for name in floor if not _number(dose.get(name)) >= floor[name]]
    least = min((_number(dose.get(name)) / floor[name] for name in floor if floor[name] > 0), default=None)
    numbers = ", ".join(doses.phrase(name, _number(dose.get(name)), floor[name]) for name in below or floor)
    if below:
        why = f"; {evidence['shortfall']}" if evidence.get("shortfall") else ""
        return finding(short, f"effect below its floor: {numbers}{why}", least, **evidence)
    if journal.latest(events.StepUndone, step.name) is None:
        return finding(
            Outcome.UNKNOWN, f"not undone, though its effect was proven: {numbers}", least, **evidence
        )
    return finding(Outcome.PASS, f"effect proven: {numbers}", least, **evidence)


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) and not math.isnan(value) else 0.0
