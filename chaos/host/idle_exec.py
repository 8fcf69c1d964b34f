"""`python -m chaos.host.idle_exec COMMAND...`: run a command when nobody else wants the processor.

SCHED_IDLE orders tasks only within their own autogroup, and a session of its own is an autogroup of its own:
so its nice value is lowered too. Neither needs privileges.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path


def become_idle() -> None:
    os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    with suppress(OSError):  # no autogroups on this kernel, or we share one that is not ours to change
        Path("/proc/self/autogroup").write_text("19")


if __name__ == "__main__":
    become_idle()
    os.execvp(sys.argv[1], sys.argv[1:])
