"""The events of a step, and of a step of the runbook. The name of each is that of the step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chaos.record.event import Recorded
from chaos.record.fields import stored

Json = Mapping[str, Any]

INJECTING = "injecting"
UNDONE = "undone"
UNDO_FAILED = "undo failed"

NO_REASON = "no reason given"
PERSON = "person"
"""`by` of a runbook step that a person does."""


@dataclass(frozen=True, slots=True)
class StepSkipped(Recorded):
    """The step was never started."""

    source = "step"
    phase = "skipped"
    because: str = stored("text", NO_REASON)


@dataclass(frozen=True, slots=True)
class StepInjecting(Recorded):
    """The fault is about to act: its undo is on disk."""

    source = "step"
    phase = INJECTING
    fault: str | None = stored("text")
    by: str = stored("text: fault:NAME", "")
    undo: Json | None = stored("object, by fault")
    touches: tuple[str, ...] | None = stored("list of kinds of things")
    explains: tuple[Json, ...] = stored("list of {kind, thing, fields}", ())


@dataclass(frozen=True, slots=True)
class StepInjected(Recorded):
    """The fault has acted, or acts."""

    source = "step"
    phase = "injected"
    evidence: Json = stored("object, by fault", dict)


@dataclass(frozen=True, slots=True)
class StepHeld(Recorded):
    """The hold is over: the dose of the act."""

    source = "step"
    phase = "held"
    dose: Json = stored("object: name, number; units in the names", dict)
    floor: Json = stored("object: name, number", dict)
    evidence: Json = stored("object, by fault", dict)
    unproven: str = stored("text", "")
    acted: float | None = stored("s")


@dataclass(frozen=True, slots=True)
class StepFailed(Recorded):
    """The fault could not be prepared, injected or held."""

    source = "step"
    phase = "failed"
    because: str = stored("text", NO_REASON)


@dataclass(frozen=True, slots=True)
class StepUndone(Recorded):
    """The fault is undone, and that is verified."""

    source = "step"
    phase = UNDONE
    evidence: Json = stored("object, by fault", dict)


@dataclass(frozen=True, slots=True)
class StepNotUndone(Recorded):
    """The fault could not be undone; it is retried."""

    source = "step"
    phase = UNDO_FAILED
    because: str = stored("text", "")


@dataclass(frozen=True, slots=True)
class RunbookStepBegun(Recorded):
    """A step of the runbook has begun."""

    source = "runbook"
    phase = "begun"
    by: str = stored("text: midnight, command or person", "")
    does: str | None = stored("text: entry of the runbook")
    told: str | None = stored("text: what a person is to do")


@dataclass(frozen=True, slots=True)
class RunbookStepEnded(Recorded):
    """A step of the runbook is done."""

    source = "runbook"
    phase = "ended"
    seconds: float | None = stored("s")
    evidence: Json = stored("object, by action", dict)
    assumed: bool | None = stored("true or false")


@dataclass(frozen=True, slots=True)
class RunbookStepFailed(Recorded):
    """A step of the runbook was not done."""

    source = "runbook"
    phase = "failed"
    because: str = stored("text", NO_REASON)
    seconds: float | None = stored("s")


@dataclass(frozen=True, slots=True)
class RunbookStepSkipped(Recorded):
    """A step of the runbook was not begun, because the one before it was not done."""

    source = "runbook"
    phase = "skipped"
    because: str = stored("text", NO_REASON)
