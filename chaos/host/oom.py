"""Out-of-memory kills: their number from the kernel's counter, and the victims from its log."""

from __future__ import annotations

import errno
import os
import re
from dataclasses import dataclass
from pathlib import Path

LOG = Path("/dev/kmsg")
_RECORD = 8192  # bytes: one read gives one whole record of the log
_KILLED = re.compile(rb"Killed process (\d+)")
_FIRST_NAMESPACE = "pid:[4026531836]"  # of processes; PROC_PID_INIT_INO of the kernel's proc_ns.h


@dataclass(frozen=True, slots=True)
class Killed:
    """The kernel's out-of-memory kills over a period. `pids`: None if its log is unreadable or uses a different pid
    namespace.
    """

    count: int
    pids: frozenset[int] | None


class Watch:
    """Reports the processes of this machine that the kernel has killed for memory since creation."""

    def __init__(self, log: Path = LOG) -> None:
        self._before = _count()
        self._log: int | None = None
        if str(Path("/proc/self/ns/pid").readlink()) == _FIRST_NAMESPACE:
            try:
                self._log = os.open(log, os.O_RDONLY | os.O_NONBLOCK)
                os.lseek(self._log, 0, os.SEEK_END)
            except OSError:
                self.close()
        self._pids: set[int] = set()

    def so_far(self) -> Killed:
        """Kills since the start."""
        known = self._read()
        return Killed(_count() - self._before, frozenset(self._pids) if known else None)

    def close(self) -> None:
        """Close the log; victims are no longer identified from then on."""
        if self._log is not None:
            os.close(self._log)
            self._log = None

    def _read(self) -> bool:
        """Read the log up to now; return whether it is readable."""
        while self._log is not None:
            try:
                record = os.read(self._log, _RECORD)
            except OSError as error:
                if error.errno == errno.EPIPE:  # records were overwritten: the next one is the oldest left
                    continue
                return error.errno == errno.EAGAIN
            if not record:
                return True
            self._pids |= {int(pid) for pid in _KILLED.findall(record)}
        return False


def _count() -> int:
    """Number of processes killed for memory since boot (`oom_kill` of /proc/vmstat), including kills within a memory
    cgroup.
    """
    for line in Path("/proc/vmstat").read_text().splitlines():
        name, _, value = line.partition(" ")
        if name == "oom_kill":
            return int(value)
    return 0
