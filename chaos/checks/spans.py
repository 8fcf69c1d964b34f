"""When each step acted, as the journal tells it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from chaos.record.journal import Journal
from chaos.spec.experiment import Step


@dataclass(frozen=True, slots=True)
class StepSpan:
    """From the first moment the step could act to the moment it was undone; None: never undone."""

    step: str
    start: float
    end: float | None

    def until(self, observed: float) -> float:
        return observed if self.end is None else self.end


def step_spans(steps: Iterable[Step], journal: Journal) -> list[StepSpan]:
    """The spans of the steps that were begun, in order of time."""
    spans = []
    for step in steps:
        begun = journal.find("step", step.name, "injecting") or journal.find("step", step.name, "injected")
        if begun:
            start = begun[0].at
            undone = [event.at for event in journal.find("step", step.name, "undone") if event.at >= start]
            spans.append(StepSpan(step.name, start, undone[0] if undone else None))
    return sorted(spans, key=lambda span: span.start)
