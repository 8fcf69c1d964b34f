"""The lock of a run: held while it is played or healed."""

from __future__ import annotations

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager

from chaos.errors import UndoError
from chaos.record.store import RunDir


@contextmanager
def hold_lock(run: RunDir, *, wait: float = 0.0, shared: bool = False) -> Iterator[None]:
    """Hold the run's lock; the kernel releases it however the holder ends. Raises UndoError.

    `shared`: for reading only; readers do not block each other.
    """
    kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
    with run.lock.open("r" if shared else "a") as file:
        end = time.monotonic() + wait
        while True:
            try:
                fcntl.flock(file, kind | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                # flock has no timeout, and another process cannot await the holder's exit
                if time.monotonic() >= end:
                    raise UndoError(
                        f"run {run.id} is in use by another process that plays or heals it"
                    ) from None
                time.sleep(0.05)
        yield


def is_locked(run: RunDir) -> bool:
    """Return True if a process is playing or healing the run. Creates nothing."""
    if not run.lock.exists():
        return False
    try:
        with hold_lock(run, shared=True):
            return False
    except UndoError:
        return True
