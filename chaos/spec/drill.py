"""What makes an experiment a disaster-recovery drill: the loss, and the runbook that is played against it."""

from __future__ import annotations

from typing import Self

from pydantic import Field, field_validator, model_validator

from chaos.spec.units import NotNegative, Positive
from chaos.spec.yamlfile import BrokenRule, Model, Name


class DrillStep(Model):
    """One step of the target's runbook: `does` is its name there, the step's own name if not given."""

    name: Name
    does: Name | None = None
    at: NotNegative | None = None  # of the play
    after: Name | None = None  # the step, of a fault or of the runbook, that has to have ended
    within: Positive = 60.0  # seconds that it may take

    @property
    def runbook(self) -> str:
        return self.does or self.name

    @model_validator(mode="after")
    def _one_start(self) -> Self:
        if (self.at is None) == (self.after is None):
            raise ValueError("a step starts either `at` a time or `after` another step")
        return self


class Drill(Model):
    """RTO and RPO count from the act of the step `loss`.

    The service is back when it is good again, and `until`, a step of the runbook, has ended.
    """

    scenario: str
    loss: Name
    runbook: tuple[DrillStep, ...] = Field(min_length=1)
    until: Name | None = None
    outage: bool = True  # the loss has to be felt: a drill without an outage has shown nothing
    answered: bool = (
        False  # while the loss lasts, each request gets an answer within what the target promises
    )
    exposure: NotNegative = (
        0.0  # seconds of writes that the loss has to find unprotected, for RPO to be tested
    )
    settle: Positive | None = None  # the play ends so long after its last step, if that is sooner

    @field_validator("runbook")
    @classmethod
    def _named_once(cls, runbook: tuple[DrillStep, ...]) -> tuple[DrillStep, ...]:
        seen: set[str] = set()
        for index, step in enumerate(runbook):
            if step.name in seen:
                raise BrokenRule(f"step {step.name!r} stands twice", index, "name")
            seen.add(step.name)
        return runbook

    def check(self, faults: tuple[str, ...], length: float, sustained: float) -> None:
        """Raises BrokenRule where the drill does not fit the experiment around it."""
        if self.loss not in faults:
            rule = f"{self.loss!r} is no step of this experiment; it has {', '.join(faults) or 'none'}"
            raise BrokenRule(rule, "drill", "loss")
        known = set(faults)
        for index, step in enumerate(self.runbook):
            if step.name in faults:
                rule = f"{step.name!r} is a step of this experiment already"
                raise BrokenRule(rule, "drill", "runbook", index, "name")
            if step.after is not None and step.after not in known:
                rule = f"is after {step.after!r}, which is no step before it"
                raise BrokenRule(rule, "drill", "runbook", index, "after")
            if step.at is not None and step.at >= length:
                rule = f"starts at {step.at:g}s, but the play ends at {length:g}s"
                raise BrokenRule(rule, "drill", "runbook", index, "at")
            known.add(step.name)
        if self.until is not None and self.until not in known - set(faults):
            raise BrokenRule(f"{self.until!r} is no step of the runbook here", "drill", "until")
        if self.settle is not None and self.settle <= sustained:
            rule = f"must be longer than the {sustained:g}s that service has to last to be back"
            raise BrokenRule(rule, "drill", "settle")
