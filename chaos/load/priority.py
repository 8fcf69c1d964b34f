"""The load process ahead of everything it is meant to watch."""

from __future__ import annotations

import os


def raise_priority() -> str:
    """Take the highest priority permitted and say which: `fifo`, `nice` or `plain`.

    Neither pinning nor a modest nice value keeps a busy machine out of the latencies; a real-time class
    does. Children get none of it.
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
