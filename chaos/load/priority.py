"""Give the load process priority over everything that it measures."""

from __future__ import annotations

import os


def raise_priority() -> str:
    """Take the highest priority permitted and return which: `fifo`, `nice` or `plain`.

    Neither pinning nor a moderate nice value keeps a busy machine from distorting latencies; a real-time class does.
    Children do not inherit it.
    """
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO | os.SCHED_RESET_ON_FORK, os.sched_param(1))
        return "fifo"
    except OSError:
        pass
    try:
        os.setpriority(os.PRIO_PROCESS, 0, -20)
        return "nice"
    except OSError:
        return "plain"
