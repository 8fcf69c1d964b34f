"""Effect: each step did its own act, by its dose at the injector against its floor."""

from __future__ import annotations

import math
from typing import Any

from chaos.checks.finding import Finding, Outcome
from chaos.checks.judged import Judged
from chaos.checks.text import amount
from chaos.record.journal import Journal
from chaos.spec.experiment import Step


def check(judged: Judged) -> list[Finding]:
    """One finding per step; `measured` is the least dose / floor of its names, at least 1 is asked."""
    return [_judge(step, judged.journal) for step in judged.experiment.steps]


def _judge(step: Step, journal: Journal) -> Finding:
    def finding(outcome: Outcome, because: str, measured: float | None = None, **evidence: Any) -> Finding:
        sentence = f"{step.name}: {because}"
        shown = {"fault": step.fault, "optional": step.optional, **evidence}
        return Finding("effect", step.name, outcome, measured, 1.0, "ratio", sentence, shown)

    short = Outcome.NOT_EXERCISED if step.optional else Outcome.UNKNOWN
    if failed := journal.last("step", step.name, "failed"):
        return finding(Outcome.UNKNOWN, f"failed: {failed.detail.get('because', 'no reason given')}")
    if skipped := journal.last("step", step.name, "skipped"):
        return finding(short, f"skipped: {skipped.detail.get('because', 'no reason given')}")
    if not journal.find("step", step.name, "injected"):
        return finding(Outcome.UNKNOWN, "never injected")
    held = journal.last("step", step.name, "held")
    if held is None:
        return finding(Outcome.UNKNOWN, "its dose was never recorded")
    dose, floor = dict(held.detail.get("dose", {})), dict(held.detail.get("floor", {}))
    evidence = {"dose": dose, "floor": floor, **dict(held.detail.get("evidence", {}))}
    if unproven := str(held.detail.get("unproven", "")):
        return finding(short, f"effect not seen on the target's own path: {unproven}", **evidence)
    if not floor:
        return finding(Outcome.UNKNOWN, "it states no floor, so nothing proves its effect", **evidence)
    below = [name for name in floor if not _number(dose.get(name)) >= floor[name]]
    least = min((_number(dose.get(name)) / floor[name] for name in floor if floor[name] > 0), default=None)
    numbers = ", ".join(
        f"{name.replace('_', ' ')} {amount(_number(dose.get(name)))} of {amount(floor[name])}"
        for name in below or floor
    )
    if below:
        why = f"; {evidence['shortfall']}" if evidence.get("shortfall") else ""
        return finding(short, f"effect below its floor: {numbers}{why}", least, **evidence)
    if journal.last("step", step.name, "undone") is None:
        return finding(Outcome.UNKNOWN, f"never undone, its effect reached: {numbers}", least, **evidence)
    return finding(Outcome.PASS, f"effect reached: {numbers}", least, **evidence)


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) and not math.isnan(value) else 0.0
