"""What a tree of processes has used: CPU time, bytes read and written, memory, with children that have ended.

The kernel adds what a child used to its parent's account when the parent waits for it. A child that no process of the
tree waits for is known by the last look at it. So the sums never count anything twice, and are a lower bound.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeAlias

from chaos.host import proc

_Process: TypeAlias = tuple[int, int]  # pid, and the tick it began at
_IO = (b"rchar", b"wchar", b"read_bytes", b"write_bytes")


@dataclass(frozen=True, slots=True)
class Used:
    """Sums over the tree. The bytes are None if the kernel shows none of them to this user."""

    cpu: float = 0.0  # seconds
    read: int | None = None  # bytes, from files, pipes and sockets
    written: int | None = None
    disk_read: int | None = None  # bytes, from the disk below
    disk_written: int | None = None
    peak_rss: int = 0  # bytes, all processes together


@dataclass(slots=True)
class _Account:
    parent: int
    cpu: float  # seconds, with the children it has waited for
    io: tuple[int, ...] | None


class TreeAccount:
    """Add what is seen at each look."""

    def __init__(self) -> None:
        self._seen: dict[_Process, _Account] = {}
        self._alive: set[_Process] = set()
        self._cpu, self._peak = 0.0, 0
        self._io: list[int] = [0] * len(_IO)
        self._shows_io = False

    def look(self, pids: Iterable[int]) -> None:
        """Read the accounts of these processes, which are all that live of the tree."""
        alive, resident = set[_Process](), 0
        for pid in pids:
            with suppress(OSError):
                fields = proc.stat(f"/proc/{pid}")
                process = (pid, int(fields[proc.BEGAN]))
                cpu = sum(map(int, fields[proc.USER_TIME : proc.CHILDRENS_SYSTEM_TIME + 1])) / proc.TICKS
                self._seen[process] = _Account(int(fields[proc.PARENT]), cpu, self._io_of(pid, process))
                alive.add(process)
                resident += int(fields[proc.RSS]) * proc.PAGE
        self._alive, self._peak = alive, max(self._peak, resident)
        self._add_up()

    def ended(self, pid: int, cpu: float) -> None:
        """The whole CPU time of a process that was waited for, with the children that it had waited for."""
        process = max(
            (each for each in self._seen if each[0] == pid), key=lambda each: each[1], default=(pid, 0)
        )
        before = self._seen.get(process)
        self._seen[process] = _Account(before.parent if before else 0, cpu, before.io if before else None)
        self._alive.discard(process)
        self._add_up()

    @property
    def used(self) -> Used:
        """Everything so far."""
        if not self._shows_io:
            return Used(self._cpu, peak_rss=self._peak)
        read, written, disk_read, disk_written = self._io
        return Used(self._cpu, read, written, disk_read, disk_written, self._peak)

    def _io_of(self, pid: int, process: _Process) -> tuple[int, ...] | None:
        try:
            told = dict(line.split(b": ") for line in proc.start_of(f"/proc/{pid}/io").splitlines())
            self._shows_io = True
            return tuple(int(told[name]) for name in _IO)
        except (OSError, ValueError, KeyError):  # another user's, or it has just ended
            before = self._seen.get(process)
            return before.io if before else None

    def _add_up(self) -> None:
        """A parent's account holds those of children that have ended and were waited for: they are taken off it."""
        cpu, io = defaultdict[int, float](float), defaultdict[tuple[int, int], int](int)
        for process, each in self._seen.items():
            if process not in self._alive:
                cpu[each.parent] += each.cpu
                for place, value in enumerate(each.io or ()):
                    io[each.parent, place] += value
        found = sum(max(0.0, each.cpu - cpu[pid]) for (pid, _), each in self._seen.items())
        self._cpu = max(self._cpu, found)
        for place in range(len(_IO)):
            sums = (
                max(0, each.io[place] - io[pid, place]) for (pid, _), each in self._seen.items() if each.io
            )
            self._io[place] = max(self._io[place], sum(sums))
