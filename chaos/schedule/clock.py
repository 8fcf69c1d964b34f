"""The scheduler's clocks: the one on the wall, which may be set, and one that only goes on."""

from __future__ import annotations

import os
import select
import time
from contextlib import suppress
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    def now(self) -> datetime:
        """The instant, in UTC, as this machine believes it to be."""
        ...

    def elapsed(self) -> float:
        """Seconds since some beginning; nobody can set them back."""
        ...

    def wait(self, seconds: float) -> None:
        """Return after the seconds, or as soon as `wake` is called."""
        ...

    def wake(self) -> None:
        """End a wait; called before one, the next ends at once. From any thread or signal handler."""
        ...


class RealClock:
    def __init__(self) -> None:
        # a pipe, because a signal handler that sets a threading.Event may wait for itself for ever
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
        with suppress(BlockingIOError):  # full: it will be woken in any case
            os.write(self._writer, b".")
