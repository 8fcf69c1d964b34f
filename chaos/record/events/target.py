"""The events of a target: brought up, listed, undone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chaos.record.event import Recorded
from chaos.record.events.step import UNDO_FAILED
from chaos.record.fields import stored

Json = Mapping[str, Any]


CREATING = "creating"
REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class TargetRising(Recorded):
    """The target is being started, or attached to."""

    source = "target"
    phase = "rising"


@dataclass(frozen=True, slots=True)
class TargetCreating(Recorded):
    """Something of the target is about to be created; its name says what."""

    source = "target"
    phase = CREATING
    by: str = stored("text: target:DRIVER", "")
    undo: Json | None = stored("object, by driver")


@dataclass(frozen=True, slots=True)
class TargetReady(Recorded):
    """The target is up; if started by hand, also where."""

    source = "target"
    phase = "ready"
    handles: tuple[str, ...] | None = stored("list of text")
    answers_within: float | None = stored("s")
    base_url: str | None = stored("URL")
    profile: str | None = stored("text")
    processes: Json | None = stored("object: role, processes")
    containers: Json | None = stored("object: role, containers")


@dataclass(frozen=True, slots=True)
class TargetRemoved(Recorded):
    """A created thing is removed, and that is verified."""

    source = "target"
    phase = REMOVED
    evidence: Json = stored("object, by driver", dict)


@dataclass(frozen=True, slots=True)
class TargetNotRemoved(Recorded):
    """A created thing could not be removed."""

    source = "target"
    phase = UNDO_FAILED
    because: str = stored("text", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class InventoryBefore(Recorded):
    """Things that belong to others are listed, before anything is done."""

    source = "inventory"
    phase = "taken"
    name: str = "before"
    things: int = stored("count", 0)
    unread: Json = stored("object: kind, place, why", dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class InventoryAfter(Recorded):
    """It was taken again, after everything was undone."""

    source = "inventory"
    phase = "taken"
    name: str = "after"
    left: tuple[str, ...] = stored("list of text", ())
    unread: tuple[str, ...] = stored("list of text", ())


@dataclass(frozen=True, slots=True)
class HealerEnded(Recorded):
    """Another process has undone what was outstanding; its name says which."""

    source = "healer"
    phase = "ended"
    undone: int = stored("count", 0)
    failed: int = stored("count", 0)
