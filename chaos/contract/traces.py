"""What a fault or a driver leaves behind, looked for while the object that made it is still alive.

Letting go of what it holds open is the work of the undo, not of the garbage collector.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Hashable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from chaos.contract import sessions
from chaos.host import cgroup, owners
from chaos.host.processes import alive, marked, ref_of
from chaos.plugin.handles import Handles, ProcessRef
from chaos.record.events import StepInjecting
from chaos.record.inventory.differences import Claim, compare
from chaos.record.inventory.document import KINDS
from chaos.undo.inventory import taking

WITHIN = 15.0  # seconds for a container to restart, a log to be reopened, a session to end
PLACES = (Path(tempfile.gettempdir()), Path("/dev/shm"), cgroup.ROOT)
"""Directories whose entries are compared by name: those that bear the mark were left behind."""


Seen = dict[Hashable, str]
"""What there is, in words, by what it is."""


class Traces:
    """What is there before the fault acts. `left` is what has come since."""

    def __init__(self, handles: Handles, mark: str) -> None:
        self._run = mark.partition("/")[0]
        # also of servers that end with a run: here they are all to be as before
        databases = {name: replace(each, ours=False) for name, each in handles.databases.items()}
        self._handles = replace(handles, databases=databases)
        self._inventory = taking.take(self._handles, self._run)
        self._children = _children()
        self._others = self._beside()

    def left(self, explains: Sequence[Claim] = (), *, held: bool = True) -> list[str]:
        """What is still there after WITHIN seconds, except what a fault `explains`. Before its hold has ended (not
        `held`) it may still be watching, through connections that end with its process."""
        step = StepInjecting(0.0, "contract", touches=KINDS, explains=tuple(explains))
        return _lasting(lambda: self._differing(step) | self._new(held), WITHIN)

    def _differing(self, step: StepInjecting) -> Seen:
        now = taking.take(self._handles, self._run)
        found = compare(self._inventory, now, [step.event()])
        unread: Seen = {
            (kind, place): f"{place} cannot be read any more: {because}"
            for kind, each in now.unread.items()
            for place, because in each.items()
            if place not in self._inventory.unread.get(kind, {})
        }
        return unread | {(each.kind, each.thing, each.field): str(each) for each in found.left}

    def _new(self, held: bool) -> Seen:
        return {text: text for text in sorted(self._beside(held) - self._others)}

    def _beside(self, held: bool = True) -> set[str]:
        """What no inventory lists: sessions, processes, and names in shared directories."""
        names = {str(path) for place in PLACES for path in _entries(place) if self._run in path.name}
        started = _children() - self._children
        here = {os.getpid()} if held else set()
        here |= owners.family(each.pid for each in started)
        processes = {each.pid for each in marked(self._run)} | {each.pid for each in started}
        return (
            names
            | sessions.marked(self._handles, self._run)
            | sessions.held_by(here, self._handles)
            | {_shown(pid) for pid in processes}
        )


def nothing_left(left: Sequence[str], by: str) -> None:
    """Fails the test with one line for each thing that is left."""
    if left:
        pytest.fail("\n  ".join([f"left behind by {by}:", *left]))


def _lasting(look: Callable[[], Seen], within: float) -> list[str]:
    """What each look finds until time is up; nothing as soon as one finds nothing of it."""
    end, pause = time.monotonic() + within, 0.05
    left = look()
    while left and time.monotonic() < end:
        time.sleep(pause)
        pause = min(2 * pause, 1.0)
        found = look()
        left = {key: found[key] for key in left if key in found}
    return list(left.values())


def _entries(place: Path) -> list[Path]:
    with suppress(OSError):
        return list(place.iterdir())
    return []


def _children() -> set[ProcessRef]:
    """What this process itself has started and what has not ended, marked or not."""
    found: set[ProcessRef] = set()
    for child in psutil.Process().children():
        with suppress(psutil.Error):
            if alive(ref := ref_of(child.pid)):
                found.add(ref)
    return found


def _shown(pid: int) -> str:
    with suppress(psutil.Error):
        return f"process {pid} ({psutil.Process(pid).name()})"
    return f"process {pid}"
