"""Keep the children of the batch job out of the API's way.

Their parent stays in the normal class: it holds transactions, and a lock holder must not be starved.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Literal

AUTOGROUP = Path("/proc/self/autogroup")
LEAST_URGENT = "19"


def isolate(scheduling: Literal["normal", "idle"]) -> None:
    """Put this process into the given scheduling class.

    SCHED_IDLE has effect only within a session's autogroup, so the session's own weight is lowered, too; never
    another session's: this process first creates one of its own.
    """
    if scheduling == "normal":
        return
    os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    if os.getsid(0) != os.getpid():
        with contextlib.suppress(PermissionError):
            os.setsid()
    if os.getsid(0) == os.getpid():
        # Missing if the kernel has no autogroups: then the class alone is enough.
        with contextlib.suppress(OSError):
            AUTOGROUP.write_text(LEAST_URGENT)
