"""A run starts from a quiet machine: what is still to be written is written, and the processors have settled."""

from __future__ import annotations

import os
import threading
import time

import psutil

QUIET = 0.35  # share of all processors in use over one second: a stack at rest is far below
WINDOW = 1.0


def flush() -> None:
    """Everything written so far lies on the disks when this returns."""
    os.sync()


def settle(within: float, stopping: threading.Event) -> None:
    """Wait until the processors are quiet for a second, at most `within` seconds.

    A machine that never is quiet is not refused here: the baseline shows whether it can be judged.
    """
    end = time.monotonic() + within
    psutil.cpu_percent()
    while time.monotonic() < end and not stopping.wait(WINDOW):
        if psutil.cpu_percent() / 100 < QUIET:
            return
