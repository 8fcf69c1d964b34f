"""How busy the machine is with what midnight did not start."""

from __future__ import annotations

import os
import threading
from contextlib import suppress

import psutil

BRIEFLY = 0.4  # seconds: forty ticks of the kernel's account


def by_others(stop: threading.Event, seconds: float = BRIEFLY) -> float:
    """Watch the machine for that long, and return the share of its processors, 0 to 1, that other processes used."""
    before, mine = psutil.cpu_times(), _own()
    stop.wait(seconds)
    after, since = psutil.cpu_times(), _own()
    total = sum(after) - sum(before)
    if total <= 0:
        return 0.0
    idle = sum(getattr(after, name, 0.0) - getattr(before, name, 0.0) for name in ("idle", "iowait"))
    return max(0.0, min(1.0, (total - idle - (since - mine)) / total))


def _own() -> float:
    """CPU seconds of this process and its descendants, those that have ended included."""
    spent = sum(os.times()[:4])
    for child in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):
            times = child.cpu_times()
            spent += times.user + times.system
    return spent
