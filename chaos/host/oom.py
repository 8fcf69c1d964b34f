"""Out-of-memory kills: how many, as the kernel counts them, and whom, as its log tells."""

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
    """What the kernel has killed for memory in a while. `pids`: None where its log may not be read, or
    numbers processes otherwise than we do."""

    count: int
    pids: frozenset[int] | None


class Watch:
    """Tells which processes of this machine the kernel has killed for memory since it was made."""

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
        """What was killed since the start."""
        known = self._read()
        return Killed(_count() - self._before, frozenset(self._pids) if known else None)

    def close(self) -> None:
        """Give the log back; nobody is named from then on."""
        if self._log is not None:
            os.close(self._log)
            self._log = None

    def _read(self) -> bool:
        """Collect what the log has to say by now; whether it may be read."""
        while self._log is not None:
            try:
                record = os.read(self._log, _RECORD)
            except OSError as error:
                if error.errno == errno.EPIPE:  # records were overwritten: what comes next is the oldest left
                    continue
                return error.errno == errno.EAGAIN
            if not record:
                return True
            self._pids |= {int(pid) for pid in _KILLED.findall(record)}
        return False


def _count() -> int:
    """How many processes the kernel has killed for memory since it booted (`oom_kill` of /proc/vmstat), those
    within a memory cgroup included."""
    for line in Path("/proc/vmstat").read_text().splitlines():
        name, _, value = line.partition(" ")
        if name == "oom_kill":
            return int(value)
    return 0
