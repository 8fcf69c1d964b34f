"""The process of a run in progress: whether there is one, and asking it to undo everything and end, as Ctrl-C does."""

from __future__ import annotations

import os
import signal
from contextlib import suppress

from chaos.host.processes import process_of
from chaos.plugin.handles import ProcessRef
from chaos.record import store
from chaos.record.events import RunBegun
from chaos.record.journal import Journal
from chaos.record.store import RunDir
from chaos.undo.locks import is_locked


def player(run: RunDir) -> ProcessRef | None:
    """Return the process that plays the run; None if it is gone, or is just starting and has not recorded itself."""
    begun = Journal(run).latest(RunBegun)
    if begun is None or begun.pid is None or begun.create_time is None:
        return None
    ref = ProcessRef(begun.pid, begun.create_time)
    return ref if process_of(ref) is not None else None


def is_playing(run: RunDir) -> bool:
    """Return True if a process plays, heals or judges the run. Ask only for a run without a verdict: the lock is
    released before the run is judged, and its process may have more to do afterwards."""
    with suppress(OSError, ValueError):  # unreadable records: no process can be found
        return is_locked(run) or player(run) is not None
    return False


def ask_to_end(run: RunDir) -> bool:
    """Signal the run's process; False if there is none yet. To ask again is harmless."""
    found = player(run)
    if found is None:
        return False
    with suppress(ProcessLookupError):  # it has ended meanwhile
        os.kill(found.pid, signal.SIGTERM)
    return True


def played_by(pid: int) -> RunDir | None:
    """Return the run in progress that this process plays."""
    for run in store.unhealed_runs():
        if is_locked(run) and (found := player(run)) is not None and found.pid == pid:
            return run
    return None
