"""When each step acted, from the journal."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from chaos.record.events import StepHeld, StepInjected, StepInjecting, StepUndone
from chaos.record.journal import Journal
from chaos.spec.experiment import Step


@dataclass(frozen=True, slots=True)
class StepSpan:
    """From the first moment the step could act to its undo; None: never undone. `over`: when its act was over, if that
    left nothing in force until the undo, such as a kill."""

    step: str
    start: float
    end: float | None
    over: float | None = None

    def acted_until(self, observed: float) -> float:
        """Return the end of the act itself: from then on the target is on its own."""
        return self.until(observed) if self.over is None else min(self.over, self.until(observed))

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
            spans.append(StepSpan(step.name, start, undone[0] if undone else None, _over(step.name, journal)))
    return sorted(spans, key=lambda span: span.start)


def _over(step: str, journal: Journal) -> float | None:
    """Return when the act was over by itself; None if it was in force until the undo."""
    injected, held = journal.latest(StepInjected, step), journal.latest(StepHeld, step)
    if injected is None or held is None or held.acted is None:
        return None
    return injected.at + held.acted
