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
    """Something of the target is about to be created. The name says what."""

    source = "target"
    phase = CREATING
    by: str = stored("text: target:DRIVER", "")
    undo: Json | None = stored("object, by driver")


@dataclass(frozen=True, slots=True)
class TargetReady(Recorded):
    """The target is up. The last six keys come from `midnight stack up` only."""

    source = "target"
    phase = "ready"
    handles: tuple[str, ...] | None = stored("list of text")
    answers_within: float | None = stored("s")
    base_url: str | None = stored("URL")
    profile: str | None = stored("text")
    processes: Json | None = stored("object: role, processes")
    containers: Json | None = stored("object: role, containers")
    volumes: Json | None = stored("object: name, path")
    proxies: Json | None = stored("object: name, address")


@dataclass(frozen=True, slots=True)
class GaugesFound(Recorded):
    """Each of the target's gauges was read once. `pool`: what a connection pool's figures of this run are; empty if
    nothing shows one."""

    source = "target"
    phase = "gauges"
    gauges: Json = stored("object: gauge, {from, as, value}", dict)
    missing: tuple[str, ...] = stored("list of text: gauges of presets", ())
    pool: str = stored("text", "")


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
    """The things that belong to others were listed, before anything was done."""

    source = "inventory"
    phase = "taken"
    name: str = "before"
    things: int = stored("count", 0)
    unread: Json = stored("object: kind, place, why", dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class InventoryAfter(Recorded):
    """The same things were listed again after the undo, and compared."""

    source = "inventory"
    phase = "taken"
    name: str = "after"
    left: tuple[str, ...] = stored("list of text", ())
    unread: tuple[str, ...] = stored("list of text", ())


@dataclass(frozen=True, slots=True)
class HealerEnded(Recorded):
    """Another process undid what the run had left behind. The name says which process."""

    source = "healer"
    phase = "ended"
    undone: int = stored("count", 0)
    failed: int = stored("count", 0)
