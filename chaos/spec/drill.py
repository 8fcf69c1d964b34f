"""A disaster-recovery drill: the loss, and the runbook played against it."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import Field, field_validator

from chaos.spec import broken
from chaos.spec.broken import BrokenRule
from chaos.spec.units import NotNegative, Positive, show_seconds
from chaos.spec.yamlfile import Model, Name, unique


class DrillStep(Model):
    """One step of the target's runbook: `does` is its name there, by default the step's own name."""

    name: Name
    does: Name | None = None
    at: NotNegative | None = None  # of the play
    after: Name | None = None  # the fault step or runbook step that must have ended
    within: Positive = 60.0  # maximum duration in seconds

    @property
    def runbook(self) -> str:
        return self.does or self.name

    def broken_rules(self) -> Iterator[BrokenRule]:
        if (self.at is None) == (self.after is None):
            yield BrokenRule("a step starts either `at` a time or `after` another step")


class Drill(Model):
    """RTO and RPO count from the act of the step `loss`.

    The service is back once it is good again and `until`, a runbook step, has ended.
    """

    scenario: str
    loss: Name
    runbook: tuple[DrillStep, ...] = Field(min_length=1)
    until: Name | None = None
    outage: bool = True  # require an outage: a drill without one proves nothing
    answered: bool = False  # during the loss, each request gets an answer within the target's promised time
    exposure: NotNegative = 0.0  # seconds of unprotected writes at the loss required to test RPO
    settle: Positive | None = None  # the play ends this long after its last step, if that is sooner

    @field_validator("runbook")
    @classmethod
    def _named_once(cls, runbook: tuple[DrillStep, ...]) -> tuple[DrillStep, ...]:
        return unique(runbook, "step")

    def misfits(self, faults: tuple[str, ...], length: float, sustained: float) -> Iterator[BrokenRule]:
        """Yield the rules by which the drill does not fit its experiment."""
        if self.loss not in faults:
            rule = f"{self.loss!r} is not a step of this experiment"
            yield broken.unknown(rule, self.loss, faults, "drill", "loss")
        known = set(faults)
        for index, step in enumerate(self.runbook):
            if step.name in faults:
                rule = f"{step.name!r} is already a step of this experiment"
                yield BrokenRule(rule, "drill", "runbook", index, "name")
            if step.after is not None and step.after not in known:
                rule = f"is after {step.after!r}, which is not an earlier step"
                yield broken.unknown(rule, step.after, known, "drill", "runbook", index, "after")
            if step.at is not None and step.at >= length:
                rule = f"starts at {show_seconds(step.at)}, but the play ends at {show_seconds(length)}"
                yield BrokenRule(rule, "drill", "runbook", index, "at")
            known.add(step.name)
        if self.until is not None and self.until not in known - set(faults):
            yield BrokenRule(f"{self.until!r} is not a step of this runbook", "drill", "until")
        if self.settle is not None and self.settle <= sustained:
            rule = f"must be longer than the {show_seconds(sustained)} of sustained service"
            yield BrokenRule(rule, "drill", "settle")
