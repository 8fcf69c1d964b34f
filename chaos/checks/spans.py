"""When each step acted, from the journal."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from chaos.record.events import StepInjected, StepInjecting, StepUndone
from chaos.record.journal import Journal
from chaos.spec.experiment import Step


@dataclass(frozen=True, slots=True)
class StepSpan:
    """From the first moment the step could act to its undo; None: never undone."""

    step: str
    start: float
    end: float | None

    def until(self, observed: float) -> float:
        return observed if self.end is None else self.end


def step_spans(steps: Iterable[Step], journal: Journal) -> list[StepSpan]:
    """Return the spans of all begun steps, in order of time."""
    spans = []
    for step in steps:
        injecting = [event.at for event in journal.every(StepInjecting, step.name)]
        begun = injecting or [event.at for event in journal.every(StepInjected, step.name)]
        if begun:
            start = begun[0]
            undone = [event.at for event in journal.every(StepUndone, step.name) if event.at >= start]
            spans.append(StepSpan(step.name, start, undone[0] if undone else None))
    return sorted(spans, key=lambda span: span.start)
