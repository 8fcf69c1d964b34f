"""How long the target's own threads waited while its processes had files open on a disk.

Everything is read from /proc, so nothing here waits for that disk itself: neither a stalled one nor its server.
"""

from __future__ import annotations

import os
import platform
import threading
import time
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress

from chaos.host import families, proc
from chaos.host.disk.users import is_on, mounts_of, uses

PERIOD = 0.02  # seconds between looks at the threads
LISTED_EVERY = 0.5  # seconds between listings of the processes and their files
# The system calls whose first argument is an open file: read, write, their variants, fsync, fdatasync, ftruncate,
# sync_file_range, fallocate, syncfs, getdents64.
_ON_A_FILE: Mapping[str, Collection[int]] = {
    "x86_64": {0, 1, 17, 18, 19, 20, 74, 75, 77, 217, 277, 285, 295, 296, 306, 327, 328},
    "aarch64": {46, 47, 61, 63, 64, 65, 66, 67, 68, 69, 70, 82, 83, 84, 267, 286, 287},
}
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
                if any(waits(pid, self._device) for pid in pids):
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


def waits(pid: int, device: str) -> bool:
    """True if a thread of the process waits for a disk, unless it is seen to be for another one than `device`."""
    with suppress(OSError):
        return any(_thread_waits(pid, tid, device) for tid in os.listdir(f"/proc/{pid}/task"))
    return False


def _thread_waits(pid: int, tid: str, device: str) -> bool:
    place = f"/proc/{pid}/task/{tid}"
    with suppress(OSError):
        asleep = proc.stat(place)[proc.STATE] == proc.DISK_WAIT
        if asleep or proc.start_of(f"{place}/wchan").decode().startswith(_WAITING_FOR_FUSE):
            return not _elsewhere(pid, place, device)
    return False


def _elsewhere(pid: int, place: str, device: str) -> bool:
    """True if the thread waits in a call on an open file of another disk; False for any other call, and without the
    right to look.
    """
    with suppress(OSError, ValueError, IndexError):
        number, descriptor = proc.start_of(f"{place}/syscall").split()[:2]
        if int(number) in _ON_A_FILE.get(platform.machine(), ()):
            return is_on(pid, int(descriptor, 16), mounts_of(pid, device)) is False
    return False
