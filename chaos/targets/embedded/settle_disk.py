"""Start a run on a quiet machine: flush pending writes, and wait for the processors to settle."""

from __future__ import annotations

import os
import threading
import time

import psutil

QUIET = 0.35  # share of all processors in use over one second: a stack at rest is far below
WINDOW = 1.0


def flush() -> None:
    """Flush everything written so far to the disks."""
    os.sync()


def settle(within: float, stopping: threading.Event) -> None:
    """Wait until the processors are quiet for a second, at most `within` seconds.

    A machine that never becomes quiet is not refused here: the baseline shows whether it is good enough.
    """
    end = time.monotonic() + within
    psutil.cpu_percent()
    while time.monotonic() < end and not stopping.wait(WINDOW):
        if psutil.cpu_percent() / 100 < QUIET:
            return
