"""How long the target's own threads waited while its processes had files open on a disk.

Everything is read from /proc, so nothing here waits for that disk itself: neither a stalled one nor its server.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress

from chaos.host import families, proc
from chaos.host.disk.users import uses

PERIOD = 0.02  # seconds between looks at the threads
LISTED_EVERY = 0.5  # seconds between listings of the processes and their files
_WAITING_FOR_FUSE = (
    "request_wait_answer",
    "fuse_",
)  # kernel functions: an interruptible sleep, but the same wait


class DiskWaits:
    """Looks from `start` to `stop`. `roots`: the first processes of each role, by pid; `device`: `major:minor`."""

    def __init__(self, roots: Mapping[str, Sequence[int]], device: str) -> None:
        self._roots, self._device = roots, device
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._users: dict[str, list[int]] = {}
        self.used_by: set[str] = set()  # roles with files open on the disk
        self.waited: dict[str, float] = {}  # seconds in which any thread of these roles waited

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()

    def _look(self) -> None:
        listed, last = float("-inf"), time.monotonic()
        while not self._stop.wait(PERIOD):
            now = time.monotonic()
            if now - listed >= LISTED_EVERY:
                self._list()
                listed = now
            for role, pids in self._users.items():
                if any(map(waits, pids)):
                    self.waited[role] = self.waited.get(role, 0.0) + now - last
            last = now

    def _list(self) -> None:
        self._users = users(self._roots, self._device)
        self.used_by |= self._users.keys()


def users(roots: Mapping[str, Sequence[int]], device: str) -> dict[str, list[int]]:
    """The processes with files open on the device, by role; without roles that have none. Arguments as above."""
    below, found = families.children(), dict[str, list[int]]()
    for role, each in roots.items():
        members = (pid for root in each for pid in families.family(root, below))
        if using := [pid for pid in members if uses(pid, device)]:
            found[role] = using
    return found


def waits(pid: int) -> bool:
    """True if a thread of the process waits for a disk."""
    with suppress(OSError):
        return any(_thread_waits(f"/proc/{pid}/task/{tid}") for tid in os.listdir(f"/proc/{pid}/task"))
    return False


def _thread_waits(place: str) -> bool:
    with suppress(OSError):
        if proc.stat(place)[proc.STATE] == proc.DISK_WAIT:
            return True
        return proc.start_of(f"{place}/wchan").decode().startswith(_WAITING_FOR_FUSE)
    return False
