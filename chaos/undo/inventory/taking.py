"""Take an inventory before a run, and again after its steps, by the runner or the healer."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from types import ModuleType
from typing import Any

from chaos.plugin.handles import Handles
from chaos.record import store
from chaos.record.inventory import document
from chaos.record.inventory.differences import Comparison, compare
from chaos.record.inventory.document import Inventory, Source
from chaos.record.journal import read_events
from chaos.record.redact import known
from chaos.record.store import RunDir
from chaos.undo.inventory import containers, files, processes, proxies, servers

SETTLED_WITHIN = 15.0  # seconds for a container or server to return to its earlier state
_SETTLE = (document.CONTAINERS, document.FILES)  # a container restarts, a log is reopened

_READERS: Mapping[str, ModuleType] = {
    document.FILES: files,
    document.PROXIES: proxies,
    document.CONTAINERS: containers,
    document.SERVERS: servers,
    document.PROCESSES: processes,
}


def before(run: RunDir, handles: Handles) -> Inventory:
    """Take the inventory of what the faults may touch. Store it, with a copy that outlives the run directory.

    Raises NotRecorded.
    """
    taken = take(handles, run.id)
    with store.recording(run.path):
        document.save(taken, run.inventory_before)
        shutil.copyfile(run.inventory_before, store.kept(run).inventory_before)
    return taken


def take(handles: Handles, mark: str) -> Inventory:
    """What the faults may touch, as it is now."""
    sources = [source for reader in _READERS.values() for source in reader.sources(handles)]
    return _take(sources, mark)


def after(run: RunDir) -> Comparison | None:
    """Take it again until nothing is left behind or time is up; store it beside the first.

    Returns None if none was taken before. Requires the steps to be undone. Raises ValueError for a damaged one.
    """
    first = document.load(run.inventory_before) or document.load(store.kept(run).inventory_before)
    if first is None:
        return None
    events = read_events(run)
    end, pause = time.monotonic() + SETTLED_WITHIN, 0.5
    while True:
        second = _take(first.sources, run.id)
        found = compare(first, second, events)
        settles = found.unread or any(each.kind in _SETTLE for each in found.left)
        if not settles or time.monotonic() + pause > end:
            break
        time.sleep(pause)  # several kinds of things settle, most without an event
        pause *= 2
    with suppress(OSError):  # a full disk: the caller reports what was found
        document.save(second, run.inventory_after)
    return found


def _take(sources: Iterable[Source], mark: str) -> Inventory:
    things: dict[str, dict[str, Any]] = {}
    unread: dict[str, dict[str, str]] = {}
    kept = tuple(sources)
    for source in kept:
        kind, read = source["kind"], _reader(source)
        try:
            things.setdefault(kind, {}).update(read(source, mark))
        except Exception as error:  # an error in one place must not keep the others from being compared
            because = " ".join(str(error).split()) or type(error).__name__
            unread.setdefault(kind, {})[source["place"]] = known.redactor(because)
    return Inventory(things, unread, kept)


def _reader(source: Source) -> Callable[[Source, str], Mapping[str, Any]]:
    read: Callable[[Source, str], Mapping[str, Any]] = _READERS[source["kind"]].read
    return read
