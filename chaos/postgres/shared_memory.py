"""The shared memory of a server: what a killed one leaves behind, and only its own restart would remove."""

from __future__ import annotations

import ctypes
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import psutil

# In /proc/PID/maps; of a System V segment the inode's column is the identifier.
_MAPPED = re.compile(r"^\S+ \S+ \S+ \S+ (\d+) +(/dev/shm/PostgreSQL\.\d+|/SYSV[0-9a-f]{8})", re.MULTILINE)
_IPC_RMID = 0


@dataclass(frozen=True, slots=True)
class SharedMemory:
    """Segments by POSIX's names and by System V's identifiers."""

    files: frozenset[Path]
    identifiers: frozenset[int]

    def remove(self) -> None:
        """Remove what is still there; only for a server none of whose processes lives."""
        for file in self.files:
            file.unlink(missing_ok=True)
        library = ctypes.CDLL(None, use_errno=True)
        for identifier in self.identifiers:
            # What is gone already is an error to it, and none to us.
            library.shmctl(identifier, _IPC_RMID, None)


def shared_memory_of(processes: Iterable[psutil.Process]) -> SharedMemory:
    """What the processes have mapped at this moment; what we may not read, or has ended, is left out."""
    files, identifiers = set(), set()
    for process in processes:
        try:
            maps = Path(f"/proc/{process.pid}/maps").read_text()
        except OSError:
            continue
        for inode, name in _MAPPED.findall(maps):
            if name.startswith("/SYSV"):
                identifiers.add(int(inode))
            else:
                files.add(Path(name))
    return SharedMemory(frozenset(files), frozenset(identifiers))
