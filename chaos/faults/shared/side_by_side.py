"""How long several runs of a job worked at the same time, by the kernel's counters of their process trees."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from chaos.host import proc

LEAST_SHARE = 0.001  # of a CPU: a process that only waits, and looks now and then, is not at work
_TICK = 1e9 / proc.TICKS  # nanoseconds


@dataclass(frozen=True, slots=True)
class Work:
    """CPU seconds used and bytes read and written since the last look."""

    cpu: float
    moved: int

    def counts(self, seconds: float) -> bool:
        """Return True if that much in so many seconds is work."""
        return self.moved > 0 or self.cpu >= LEAST_SHARE * seconds


class Meter:
    """The work of one process tree from look to look."""

    def __init__(self) -> None:
        self._cpu: dict[str, int] = {}  # nanoseconds, by file of the kernel's
        self._moved: dict[str, int] = {}

    def look(self, pids: Iterable[int]) -> Work:
        """Return the work since the last look; a process that is new has begun since."""
        cpu, moved = dict[str, int](), dict[str, int]()
        for pid in pids:
            with suppress(OSError, IndexError, ValueError):
                cpu |= _cpu(Path(f"/proc/{pid}"))
            with suppress(OSError, IndexError, ValueError):  # another user's
                moved[str(pid)] = _moved(Path(f"/proc/{pid}/io"))
        found = Work(_risen(self._cpu, cpu) / 1e9, _risen(self._moved, moved))
        self._cpu, self._moved = cpu, moved
        return found


class SideBySide:
    """Adds up the time in which at least so many runs were at work."""

    def __init__(self, least: int) -> None:
        self._least = least
        self.seconds, self.most = 0.0, 0  # the most runs at work at once

    def passed(self, seconds: float, at_work: Sequence[bool]) -> None:
        """Add a stretch of time, and which runs worked in it."""
        self.most = max(self.most, sum(at_work))
        if sum(at_work) >= self._least:
            self.seconds += seconds


def _risen(before: dict[str, int], after: dict[str, int]) -> int:
    return sum(max(0, value - before.get(key, 0)) for key, value in after.items())


def _cpu(process: Path) -> dict[str, int]:
    """Nanoseconds of each thread, and those of ended children in ticks: too coarse for one that mostly waits."""
    found = {str(task): int((task / "schedstat").read_bytes().split()[0]) for task in process.glob("task/*")}
    fields = proc.stat(str(process))
    childrens = int(fields[proc.CHILDRENS_USER_TIME]) + int(fields[proc.CHILDRENS_SYSTEM_TIME])
    found[f"{process} children"] = round(childrens * _TICK)
    return found


def _moved(file: Path) -> int:
    lines = dict(line.split(b": ") for line in file.read_bytes().splitlines())
    return int(lines[b"rchar"]) + int(lines[b"wchar"])
