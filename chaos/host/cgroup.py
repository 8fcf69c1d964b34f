"""A cgroup v2 group for the processes of one run: v2 has no limits in its root group.

A process that is spawned with a run's mark joins the run's group where there is one. Needs the `io`
controller, and `memory` beside it so that writeback is charged to who wrote. Where it was tried stands in
docs/architecture.md; the fault's floor tells whether it works.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path

ROOT = Path("/sys/fs/cgroup")
PATIENCE = 5.0  # seconds that a group may take to become empty


def offers_io() -> bool:
    """Whether there is a v2 hierarchy with the `io` controller that we may use."""
    controllers = ROOT / "cgroup.controllers"
    return controllers.is_file() and "io" in controllers.read_text().split() and os.access(ROOT, os.W_OK)


def group_of(mark: str) -> Path:
    """The group of the run that a mark (`run`, `run/part`) belongs to, whether it is there or not."""
    return ROOT / f"midnight-{mark.partition('/')[0]}"


def limit_writes(mark: str, number: str, bytes_per_second: int) -> None:
    """Limit the run's writes to the device `number` (major:minor), making its group. Raises OSError.

    The controllers stay enabled for the root's groups afterwards: another run may count on them, and where
    nothing is limited they limit nothing.
    """
    for controller in ("+io", "+memory"):
        with suppress(OSError):  # enabled already, or not there: the next write tells
            (ROOT / "cgroup.subtree_control").write_text(controller)
    group_of(mark).mkdir(exist_ok=True)
    (group_of(mark) / "io.max").write_text(f"{number} wbps={bytes_per_second}")


def join(mark: str, pid: int) -> None:
    """Put a process into its run's group, where there is one; one that has ended already is left alone."""
    if group_of(mark).is_dir():
        with suppress(OSError):
            (group_of(mark) / "cgroup.procs").write_text(str(pid))


def remove(mark: str) -> None:
    """Let the run's processes go back to the root group, unlimited, and remove theirs. Raises OSError."""
    group, end = group_of(mark), time.monotonic() + PATIENCE
    while group.is_dir():
        for pid in (group / "cgroup.procs").read_text().split():
            with suppress(OSError):
                (ROOT / "cgroup.procs").write_text(pid)
        try:
            group.rmdir()
        except OSError:  # a process was forked into it meanwhile, or one that ended is not yet gone
            if time.monotonic() > end:
                raise
            time.sleep(0.01)
