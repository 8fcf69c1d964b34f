"""The shared memory that a killed server leaves behind and that only its own restart would remove."""

from __future__ import annotations

import ctypes
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import psutil

# In /proc/PID/maps; for a System V segment the inode column is the identifier.
_MAPPED = re.compile(r"^\S+ \S+ \S+ \S+ (\d+) +(/dev/shm/PostgreSQL\.\d+|/SYSV[0-9a-f]{8})", re.MULTILINE)
_IPC_RMID = 0


@dataclass(frozen=True, slots=True)
class SharedMemory:
    """Segments by POSIX names and System V identifiers."""

    files: frozenset[Path]
    identifiers: frozenset[int]

    def remove(self) -> None:
        """Remove what still exists; only for a server without live processes."""
        for file in self.files:
            file.unlink(missing_ok=True)
        library = ctypes.CDLL(None, use_errno=True)
        for identifier in self.identifiers:
            # It reports an error for segments already gone; ignore that.
            library.shmctl(identifier, _IPC_RMID, None)


def shared_memory_of(processes: Iterable[psutil.Process]) -> SharedMemory:
    """Segments that the processes have mapped now; unreadable or ended processes are skipped."""
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
