"""The events of a run, one class each: written by their constructors, read by their classes.

docs/journal.md lists every class with its fields and units, and a test holds it to this package: others judge runs by
that page. The default for a missing key is a value that proves nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from chaos.record.event import Event, Recorded, only_name
from chaos.record.events.backup import (
    BackupChosen,
    BackupDescribed,
    BackupIdentified,
    ContentsCounted,
    CopyEnded,
    CreateEnded,
    FilesVerified,
    HeartbeatRead,
    IsolationProven,
    LoadEnded,
    QueryAnswered,
    RelationsChecked,
    ReplayEnded,
    RestoreBegun,
    RestoreEnded,
    RestoreFailed,
    RestoreLacking,
    RestoreOutlasted,
    UnpackEnded,
)
from chaos.record.events.run import (
    AbortFired,
    AftermathBegun,
    AftermathEnded,
    BaselineBegun,
    BaselineEnded,
    LoadReady,
    LogsRead,
    PlayBegun,
    PlayEnded,
    ReadbackEnded,
    ReplayPoint,
    RestorePoint,
    RestoresMeasured,
    RunBegun,
    RunEnded,
    SourceLost,
)
from chaos.record.events.step import (
    INJECTING,
    NO_REASON,
    PERSON,
    UNDO_FAILED,
    UNDONE,
    RunbookStepBegun,
    RunbookStepEnded,
    RunbookStepFailed,
    RunbookStepSkipped,
    StepFailed,
    StepHeld,
    StepInjected,
    StepInjecting,
    StepNotUndone,
    StepSkipped,
    StepUndone,
)
from chaos.record.events.target import (
    CREATING,
    REMOVED,
    HealerEnded,
    InventoryAfter,
    InventoryBefore,
    TargetCreating,
    TargetNotRemoved,
    TargetReady,
    TargetRemoved,
    TargetRising,
)

__all__ = [
    "CREATING",
    "INJECTING",
    "KINDS",
    "NO_REASON",
    "OPENING",
    "PERSON",
    "REMOVED",
    "UNDONE",
    "UNDO_FAILED",
    "AbortFired",
    "AftermathBegun",
    "AftermathEnded",
    "BackupChosen",
    "BackupDescribed",
    "BackupIdentified",
    "BaselineBegun",
    "BaselineEnded",
    "ContentsCounted",
    "CopyEnded",
    "CreateEnded",
    "FilesVerified",
    "HealerEnded",
    "HeartbeatRead",
    "InventoryAfter",
    "InventoryBefore",
    "IsolationProven",
    "LoadEnded",
    "LoadReady",
    "LogsRead",
    "Opening",
    "PlayBegun",
    "PlayEnded",
    "QueryAnswered",
    "ReadbackEnded",
    "RelationsChecked",
    "ReplayEnded",
    "ReplayPoint",
    "RestoreBegun",
    "RestoreEnded",
    "RestoreFailed",
    "RestoreLacking",
    "RestoreOutlasted",
    "RestorePoint",
    "RestoresMeasured",
    "RunBegun",
    "RunEnded",
    "RunbookStepBegun",
    "RunbookStepEnded",
    "RunbookStepFailed",
    "RunbookStepSkipped",
    "SourceLost",
    "StepFailed",
    "StepHeld",
    "StepInjected",
    "StepInjecting",
    "StepNotUndone",
    "StepSkipped",
    "StepUndone",
    "TargetCreating",
    "TargetNotRemoved",
    "TargetReady",
    "TargetRemoved",
    "TargetRising",
    "UnpackEnded",
    "closes",
    "known",
    "opening",
    "undoing",
]

KINDS: tuple[type[Recorded], ...] = (
    RunBegun,
    RunEnded,
    BaselineBegun,
    BaselineEnded,
    PlayBegun,
    PlayEnded,
    AftermathBegun,
    AftermathEnded,
    ReadbackEnded,
    LogsRead,
    LoadReady,
    AbortFired,
    RestoresMeasured,
    SourceLost,
    TargetRising,
    TargetCreating,
    TargetReady,
    TargetRemoved,
    TargetNotRemoved,
    InventoryBefore,
    InventoryAfter,
    HealerEnded,
    StepSkipped,
    StepInjecting,
    StepInjected,
    StepHeld,
    StepFailed,
    StepUndone,
    StepNotUndone,
    RunbookStepBegun,
    RunbookStepEnded,
    RunbookStepFailed,
    RunbookStepSkipped,
    BackupChosen,
    BackupDescribed,
    BackupIdentified,
    RestoreBegun,
    RestoreLacking,
    RestoreFailed,
    RestoreOutlasted,
    RestoreEnded,
    UnpackEnded,
    CreateEnded,
    CopyEnded,
    ReplayEnded,
    LoadEnded,
    IsolationProven,
    ContentsCounted,
    HeartbeatRead,
    QueryAnswered,
    RelationsChecked,
    FilesVerified,
)
"""All kinds of events, in the order of docs/journal.md."""

OPENING = frozenset({INJECTING, CREATING})
"""Phases that announce something to be undone."""

_BY_KEY = {(kind.source, only_name(kind), kind.phase): kind for kind in KINDS}


def known(event: Event) -> Recorded | None:
    """Return the event as one of its kind; None for an unknown kind."""
    kind = _BY_KEY.get((event.source, event.name, event.phase)) or _BY_KEY.get(
        (event.source, None, event.phase)
    )
    return kind.of(event) if kind else None


@dataclass(frozen=True, slots=True)
class Opening:
    """An act that is about to begin: `by` is the fault or driver, `undo` what it needs to undo the act."""

    by: str
    undo: Mapping[str, Any]


def opening(event: Event) -> Opening | None:
    """Of any source, so that an act of a newer version is undone as well."""
    if event.phase not in OPENING:
        return None
    by, undo = event.detail.get("by"), event.detail.get("undo")
    return Opening(by, undo) if isinstance(by, str) and isinstance(undo, Mapping) else None


def closes(event: Event) -> bool:
    """True when the event says that what its source and name began is undone."""
    return event.phase in (UNDONE, REMOVED)


def undoing(at: float, source: str, name: str, evidence: Mapping[str, Any], error: str | None) -> Event:
    """The event for the outcome of an undo; `error` is None when it succeeded."""
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
