"""What became of each step, as its events tell it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from chaos.record.journal import Detail, Event, Journal

_ENDS = {"undone": "undone", "failed": "failed", "skipped": "skipped"}


@dataclass(frozen=True, slots=True)
class StepRecord:
    """One step of the plan. Times are seconds since the run's start; None: that never happened."""

    name: str
    fault: str
    optional: bool
    params: Detail
    injecting: float | None
    injected: float | None
    undone: float | None
    state: str  # undone | not undone | failed | skipped | never started
    because: str
    doses: list[tuple[str, float, float | None]]  # name, dose, floor
    evidence: Detail = field(default_factory=dict)


def step_records(journal: Journal) -> list[StepRecord]:
    """The steps in the order of the plan."""
    return [_record(journal, planned) for planned in journal.about.get("plan", [])]


def _record(journal: Journal, planned: dict[str, Any]) -> StepRecord:
    events = journal.find("step", planned["step"])
    times = {event.phase: event.at for event in events}
    return StepRecord(
        name=planned["step"],
        fault=planned["fault"],
        optional=bool(planned.get("optional")),
        params=planned.get("params") or {},
        injecting=times.get("injecting"),
        injected=times.get("injected"),
        undone=times.get("undone"),
        state=_state(events),
        because="; ".join(str(e.detail["because"]) for e in events if e.detail.get("because")),
        doses=_doses(events),
        evidence=_evidence(events),
    )


def _state(events: list[Event]) -> str:
    if not events:
        return "never started"
    phases = [event.phase for event in events]
    ended = [_ENDS[phase] for phase in phases if phase in _ENDS]
    if "failed" in phases and "undone" in phases:
        return "failed, undone"
    return ended[-1] if ended else "not undone"


def _doses(events: list[Event]) -> list[tuple[str, float, float | None]]:
    held = [event.detail for event in events if event.phase == "held"]
    if not held:
        return []
    floors = held[-1].get("floor", {})
    return [(name, dose, floors.get(name)) for name, dose in held[-1].get("dose", {}).items()]


def _evidence(events: list[Event]) -> dict[str, Any]:
    """What each phase gave as evidence, by phase."""
    return {event.phase: event.detail["evidence"] for event in events if event.detail.get("evidence")}
