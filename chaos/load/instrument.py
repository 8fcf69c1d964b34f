"""The load process measures itself: per window, its largest lag and how long it waited for a CPU."""

from __future__ import annotations

import json
import os
import threading
from collections import deque
from pathlib import Path

from chaos.record import journal

WINDOW = 0.25
"""Seconds. Short, so that a moment of starvation makes only the hits of that moment indeterminate."""


class Instrument:
    """Appends one line per window to a file: `{"start", "end", "lag", "run_delay"}`, all in seconds.

    Times are on the run clock. A lag that spans windows counts in each of them. `run_delay` is null if the kernel
    does not report it.
    """

    def __init__(self, path: Path, start: float) -> None:
        self._file = path.open("w", encoding="utf-8")
        self._lines: deque[dict[str, float | None]] = deque([{"version": journal.VERSION}])
        self._writing = threading.Lock()
        self._schedstat = _open_schedstat()
        self._start = start
        self._lag = 0.0
        self._delay = self._read_delay()

    def observe(self, due: float, now: float) -> None:
        """Note that an event due at `due` happened at `now`; close the windows that have ended by then."""
        lag = now - due
        self._lag = max(self._lag, lag)
        if now >= self._start + WINDOW:
            self._close_windows(lag, now)

    def finish(self, now: float) -> None:
        """Close the last, shorter window."""
        self.observe(now, now)
        self._line(now, self._delay_since())
        self.flush()
        self._file.close()
        if self._schedstat is not None:
            os.close(self._schedstat)

    def _close_windows(self, lag: float, now: float) -> None:
        count = int((now - self._start) // WINDOW)
        delay = self._delay_since()
        for _ in range(count):
            self._line(self._start + WINDOW, None if delay is None else delay / count)
            self._start += WINDOW
            self._lag = lag

    def _line(self, end: float, run_delay: float | None) -> None:
        window = {"start": self._start, "end": end, "lag": self._lag, "run_delay": run_delay}
        self._lines.append(window)

    def flush(self) -> None:
        """Write the closed windows; not from the loop, because writing to the file may block."""
        with self._writing:
            while self._lines:
                self._file.write(json.dumps(self._lines.popleft(), separators=(",", ":")) + "\n")
            self._file.flush()

    def _delay_since(self) -> float | None:
        before, self._delay = self._delay, self._read_delay()
        return None if before is None or self._delay is None else self._delay - before

    def _read_delay(self) -> float | None:
        """Seconds this thread was runnable but waiting, since it began."""
        if self._schedstat is None:
            return None
        return int(os.pread(self._schedstat, 128, 0).split()[1]) / 1e9


def _open_schedstat() -> int | None:
    try:
        return os.open(f"/proc/self/task/{threading.get_native_id()}/schedstat", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
