"""The result of each step, from its events."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from chaos.record import events
from chaos.record.journal import Detail, Event, Journal
from chaos.record.manifest import PlannedStep

_ENDS = {events.UNDONE: "undone", events.StepFailed.phase: "failed", events.StepSkipped.phase: "skipped"}


@dataclass(frozen=True, slots=True)
class StepRecord:
    """One step of the plan. Times are seconds since the run's start; None if it never happened."""

    name: str
    fault: str
    optional: bool
    params: Detail  # as text for a file, where the run recorded that
    injecting: float | None
    injected: float | None
    undone: float | None
    state: str  # undone | not undone | failed | skipped | never started
    because: str
    doses: list[tuple[str, float, float | None]]  # name, dose, floor
    evidence: Detail = field(default_factory=dict)


def step_records(journal: Journal) -> list[StepRecord]:
    """Return the steps in plan order."""
    return [_record(journal, planned) for planned in journal.manifest.steps]


def _record(journal: Journal, planned: PlannedStep) -> StepRecord:
    told = journal.find(events.StepHeld.source, planned.step)
    times = {event.phase: event.at for event in told}
    return StepRecord(
        name=planned.step,
        fault=planned.fault,
        optional=planned.optional,
        params=planned.written or planned.params,
        injecting=times.get(events.INJECTING),
        injected=times.get(events.StepInjected.phase),
        undone=times.get(events.UNDONE),
        state=_state(told),
        because="; ".join(event.because for event in told if event.because),
        doses=_doses(journal.latest(events.StepHeld, planned.step)),
        evidence=_evidence(told),
    )


def _state(told: list[Event]) -> str:
    if not told:
        return "never started"
    phases = [event.phase for event in told]
    ended = [_ENDS[phase] for phase in phases if phase in _ENDS]
    if events.StepFailed.phase in phases and events.UNDONE in phases:
        return "failed, undone"
    return ended[-1] if ended else "not undone"


def _doses(held: events.StepHeld | None) -> list[tuple[str, float, float | None]]:
    return [] if held is None else [(name, dose, held.floor.get(name)) for name, dose in held.dose.items()]


def _evidence(told: list[Event]) -> dict[str, Any]:
    """Return the evidence of each phase, by phase."""
    return {event.phase: event.evidence for event in told if event.evidence}
