"""Progress of a run, from its journal."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from chaos.console.words import Figures
from chaos.record.journal import Event
from chaos.spec.experiment import Experiment


@dataclass
class StepProgress:
    """The phase of a step, and since when (seconds of the run clock)."""

    phase: str = ""  # of its latest event; empty: not begun
    since: float = 0.0


@dataclass
class Progress:
    """The known state of a run."""

    experiment: Experiment
    figures: Figures = field(default_factory=dict)
    stage: str = "starting the target"
    steps: dict[str, StepProgress] = field(default_factory=dict)
    zero: float = math.inf  # of the run clock on the console's clock, by the earliest event

    def __post_init__(self) -> None:
        runbook = self.experiment.drill.runbook if self.experiment.drill else ()
        names = [*(step.name for step in self.experiment.steps), *(step.name for step in runbook)]
        self.steps = {name: StepProgress() for name in names}

    def take(self, event: Event, now: float) -> None:
        self.zero = min(self.zero, now - event.at)
        self.stage = _STAGES.get((event.source, event.name, event.phase), self.stage)
        if event.source in ("step", "runbook"):
            self.steps[event.name] = StepProgress(event.phase, event.at)


_STAGES = {
    ("run", "baseline", "begun"): "baseline",
    ("run", "baseline", "ended"): "baseline ended",
    ("run", "play", "begun"): "play",
    ("run", "play", "ended"): "undoing and reading back",
    ("run", "run", "ended"): "judging",
}
