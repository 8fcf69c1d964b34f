"""Processor seconds of a running process, sampled from outside: the same for every instrument."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import numpy as np

PERIOD = 0.1  # seconds


@dataclass(frozen=True, slots=True)
class Usage:
    """Processor seconds used until each instant of the monotonic clock."""

    at: list[float] = field(default_factory=list)
    used: list[float] = field(default_factory=list)

    def between(self, start: float, end: float) -> float:
        """Processor seconds used from `start` to `end`, between two samples in a straight line."""
        low, high = np.interp([start, end], self.at, self.used) if self.at else (0.0, 0.0)
        return float(high - low)


@contextmanager
def watched(pids: Sequence[int]) -> Iterator[Usage]:
    """Sample the processes, all together, until the block ends or one of them does."""
    usage, stop = Usage(), threading.Event()

    def sample() -> None:
        with suppress(OSError):  # one of them is gone
            while not stop.is_set():
                used = sum(time.clock_gettime(_clock_of(pid)) for pid in pids)
                usage.at.append(time.monotonic())
                usage.used.append(used)
                stop.wait(PERIOD)

    thread = threading.Thread(target=sample, daemon=True)
    thread.start()
    try:
        yield usage
    finally:
        stop.set()
        thread.join()


def _clock_of(pid: int) -> int:
    """The clock of a process's processor time, in nanoseconds: /proc counts it in ticks of 10 ms.

    What clock_getcpuclockid(3) gives, which Python has for threads only.
    """
    return ~pid << 3 | 2
