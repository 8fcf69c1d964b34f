"""The scheduler's clocks: the wall clock, which may be set, and a monotonic one."""

from __future__ import annotations

import os
import select
import time
from contextlib import suppress
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    def now(self) -> datetime:
        """The wall clock of this machine, in UTC."""
        ...

    def elapsed(self) -> float:
        """Monotonic seconds since an arbitrary start."""
        ...

    def wait(self, seconds: float) -> None:
        """Sleep for the seconds, or until `wake` is called."""
        ...

    def wake(self) -> None:
        """End the current wait, or the next one at once. Call from any thread or signal handler."""
        ...


class RealClock:
    def __init__(self) -> None:
        # a pipe, because a signal handler that sets a threading.Event may deadlock on itself
        self._reader, self._writer = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)

    def now(self) -> datetime:
        return datetime.now(UTC)

    def elapsed(self) -> float:
        return time.monotonic()

    def wait(self, seconds: float) -> None:
        select.select([self._reader], [], [], seconds)
        with suppress(BlockingIOError):
            os.read(self._reader, 4096)

    def wake(self) -> None:
        with suppress(BlockingIOError):  # full: the waiter wakes anyway
            os.write(self._writer, b".")
