"""Processes and their descendants, from a single pass over /proc, for any number of them.

Read as bytes and without path objects: sampling must not disturb what it samples.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

TICKS = 100.0  # USER_HZ: what Linux counts in /proc/PID/stat on every architecture
PAGE = 4096


@dataclass(frozen=True, slots=True)
class Usage:
    """Of one process: CPU seconds since it began, bytes resident, descriptors, threads."""

    cpu: float
    rss: float
    threads: float
    fds: float | None  # None: another user's, no permission


def children() -> dict[int, list[int]]:
    """Children by parent pid, for every process of the machine that has any."""
    found: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):  # noqa: PTH208
        if name.isdigit():
            with suppress(OSError, IndexError):
                found.setdefault(int(_stat(int(name))[1]), []).append(int(name))
    return found


def family(pid: int, below: Mapping[int, list[int]]) -> list[int]:
    """The process and its descendants."""
    members = [pid]
    for member in members:
        members += below.get(member, ())
    return members


def usage(pid: int) -> Usage | None:
    """None if it has ended or permission is denied."""
    with suppress(OSError, IndexError):
        fields = _stat(pid)
        return Usage(_cpu(fields), float(int(fields[21]) * PAGE), float(fields[17]), _descriptors(pid))
    return None


def cpu(pid: int) -> float | None:
    """CPU seconds since it began; None if it has ended."""
    with suppress(OSError, IndexError):
        return _cpu(_stat(pid))
    return None


def _cpu(fields: list[bytes]) -> float:
    return (int(fields[11]) + int(fields[12])) / TICKS


def _descriptors(pid: int) -> float | None:
    try:
        return float(len(os.listdir(f"/proc/{pid}/fd")))  # noqa: PTH208  an object for each would be expensive
    except PermissionError:
        return None


def _stat(pid: int) -> list[bytes]:
    """The fields after the name, which may hold spaces and brackets: state, parent, ..."""
    file = os.open(f"/proc/{pid}/stat", os.O_RDONLY | os.O_CLOEXEC)
    try:
        return os.read(file, 4096).rpartition(b")")[2].split()
    finally:
        os.close(file)
