"""What announces an act that has to be undone, and what says that it was, whatever wrote it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from chaos.record.event import Event, Recorded
from chaos.record.events.step import INJECTING, UNDONE, StepNotUndone, StepUndone
from chaos.record.events.target import CREATING, REMOVED, TargetNotRemoved, TargetRemoved

OPENING = frozenset({INJECTING, CREATING})
"""Phases that announce something to be undone."""


@dataclass(frozen=True, slots=True)
class Opening:
    """An act that is about to begin: `by` is the fault or driver, `undo` what it needs to undo the act."""

    by: str
    undo: Mapping[str, Any]


def opening(event: Event) -> Opening | None:
    """Return what the event announces, whatever its source: acts of a newer version are undone, too."""
    if event.phase not in OPENING:
        return None
    by, undo = event.detail.get("by"), event.detail.get("undo")
    return Opening(by, undo) if isinstance(by, str) and isinstance(undo, Mapping) else None


def closes(event: Event) -> bool:
    """Return True if the event says that what its source and name began is undone."""
    return event.phase in (UNDONE, REMOVED)


def undoing(at: float, source: str, name: str, evidence: Mapping[str, Any], error: str | None) -> Event:
    """Return the event for the outcome of an undo; `error` is None if it succeeded."""
    found: Recorded
    if source == StepUndone.source and error is None:
        found = StepUndone(at, name, evidence=evidence)
    elif source == StepUndone.source:
        found = StepNotUndone(at, name, because=error or "")
    elif error is None:
        found = TargetRemoved(at, name, evidence=evidence)
    else:
        found = TargetNotRemoved(at, name, because=error)
    return replace(found.event(), source=source)
