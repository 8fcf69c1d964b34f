"""How busy the machine is with what midnight did not start."""

from __future__ import annotations

import os
import threading

import psutil

BRIEFLY = 0.4  # seconds: forty ticks of the kernel's account


def by_others(stop: threading.Event, seconds: float = BRIEFLY) -> float:
    """Watch the machine for that long, and return the share of its processors, 0 to 1, that other processes used."""
    before, mine = psutil.cpu_times(), os.times()
    stop.wait(seconds)
    after, since = psutil.cpu_times(), os.times()
    total = sum(after) - sum(before)
    if total <= 0:
        return 0.0
    idle = sum(getattr(after, name, 0.0) - getattr(before, name, 0.0) for name in ("idle", "iowait"))
    own = sum(since[:4]) - sum(mine[:4])  # with children that have ended
    return max(0.0, min(1.0, (total - idle - own) / total))
