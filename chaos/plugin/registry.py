"""Faults and drivers by name, including the shipped ones: all are found through entry points."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import cache
from importlib.metadata import entry_points
from typing import Any

from chaos.errors import UsageError
from chaos.plugin.driver import Driver
from chaos.plugin.fault import Evidence, Fault, Undo
from chaos.spec.near import UnknownName

log = logging.getLogger(__name__)


@cache
def names(kind: str) -> tuple[str, ...]:
    """Return the names registered under `midnight.<kind>`, in order."""
    return tuple(sorted({point.name for point in entry_points(group=f"midnight.{kind}")}))


def fault(name: str) -> type[Fault]:
    """Return the fault of that name. Raises UsageError with the known names."""
    found = _load("faults", name)
    if not (isinstance(found, type) and issubclass(found, Fault)):
        raise UsageError(f"fault {name!r} is registered, but is not a Fault: {found!r}")
    return found


def driver(name: str) -> type[Driver]:
    """Return the driver of that name. Raises UsageError with the known names."""
    found = _load("targets", name)
    if not (isinstance(found, type) and issubclass(found, Driver)):
        raise UsageError(f"driver {name!r} is registered, but is not a Driver: {found!r}")
    return found


def undo_of(by: str) -> Callable[[Undo], Evidence]:
    """Return what undoes a journal entry: `by` is `fault:NAME` or `target:DRIVER`."""
    kind, _, name = by.partition(":")
    return fault(name).undo if kind == "fault" else driver(name).undo


@cache
def _load(kind: str, name: str) -> Any:
    for point in entry_points(group=f"midnight.{kind}"):
        if point.name == name:
            log.debug("%s %s: %s", kind, name, point.value)
            return point.load()
    raise UnknownName(f"unknown {kind.removesuffix('s')} {name!r}", name, names(kind))
