"""Start a run on a quiet machine: flush pending writes, and wait for the CPUs to settle."""

from __future__ import annotations

import threading
import time

import psutil

from chaos.host import mounting

FLUSHED_WITHIN = 60.0  # seconds
QUIET = 0.35  # share of all CPUs in use over a window: a stack at rest is far below
WINDOW = 0.5  # seconds: fifty ticks of the kernel's account


def flush() -> None:
    """Flush everything written so far to the disks."""
    # not `os.sync`: a thread that waits for a frozen disk outlives `kill -9`, and hides the death from the watchdog
    mounting.attempt(FLUSHED_WITHIN, "sync")


def settle(within: float, stopping: threading.Event) -> None:
    """Wait until the CPUs are quiet for half a second, at most `within` seconds.

    A machine that never becomes quiet is not refused here: the baseline shows whether it is good enough.
    """
    end = time.monotonic() + within
    psutil.cpu_percent()
    while time.monotonic() < end and not stopping.wait(WINDOW):
        if psutil.cpu_percent() / 100 < QUIET:
            return
