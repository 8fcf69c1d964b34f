"""Processes and their descendants, from a single pass over /proc, for any number of them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

from chaos.host import proc


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
    for name in os.listdir("/proc"):
        if name.isdigit():
            with suppress(OSError):
                found.setdefault(int(proc.stat(f"/proc/{name}")[proc.PARENT]), []).append(int(name))
    return found


def family(pid: int, below: Mapping[int, list[int]]) -> list[int]:
    """The process and its descendants."""
    members = [pid]
    for member in members:
        members += below.get(member, ())
    return members


def usage(pid: int) -> Usage | None:
    """None if it has ended or permission is denied."""
    with suppress(OSError):
        fields = proc.stat(f"/proc/{pid}")
        rss = int(fields[proc.RSS]) * proc.PAGE
        return Usage(_cpu(fields), float(rss), float(fields[proc.THREADS]), _descriptors(pid))
    return None


def cpu(pid: int) -> float | None:
    """CPU seconds since it began; None if it has ended."""
    with suppress(OSError):
        return _cpu(proc.stat(f"/proc/{pid}"))
    return None


def _cpu(fields: list[bytes]) -> float:
    return (int(fields[proc.USER_TIME]) + int(fields[proc.SYSTEM_TIME])) / proc.TICKS


def _descriptors(pid: int) -> float | None:
    try:
        return float(len(os.listdir(f"/proc/{pid}/fd")))
    except PermissionError:
        return None
