"""Which runs of the history are still in progress."""

from __future__ import annotations

from collections.abc import Iterable

from chaos.history.entry import Entry
from chaos.record.store import RunDir
from chaos.run.stopping import is_playing


def is_in_progress(entry: Entry) -> bool:
    """Return True if the run's verdict is still to come."""
    return entry.verdict is None and is_playing(RunDir(entry.path))


def ended(entries: Iterable[Entry]) -> list[Entry]:
    """Leave out the runs in progress: that they have no verdict says nothing."""
    return [each for each in entries if not is_in_progress(each)]
