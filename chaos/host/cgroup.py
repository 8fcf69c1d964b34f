"""A cgroup v2 group for the processes of one run: v2 has no limits in its root group.

A process spawned with a run's mark joins the run's group if there is one. Needs the `io` controller, and `memory`
with it, so that writeback is charged to the writer. docs/architecture.md lists where it was tested; the fault's floor
shows whether it works.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path

ROOT = Path("/sys/fs/cgroup")
PATIENCE = 5.0  # seconds that a group may take to become empty


def offers_io() -> bool:
    """True if there is a usable v2 hierarchy with the `io` controller."""
    controllers = ROOT / "cgroup.controllers"
    return controllers.is_file() and "io" in controllers.read_text().split() and os.access(ROOT, os.W_OK)


def group_of(mark: str) -> Path:
    """The group of the run that a mark (`run`, `run/part`) belongs to, existing or not."""
    return ROOT / f"midnight-{mark.partition('/')[0]}"


def limit_writes(mark: str, number: str, bytes_per_second: int) -> None:
    """Limit the run's writes to the device `number` (major:minor), creating its group. Raises OSError.

    The controllers stay enabled for the root's groups afterwards: another run may rely on them, and without limits
    they have no effect.
    """
    for controller in ("+io", "+memory"):
        with suppress(OSError):  # already enabled, or missing: the next write shows which
            (ROOT / "cgroup.subtree_control").write_text(controller)
    group_of(mark).mkdir(exist_ok=True)
    (group_of(mark) / "io.max").write_text(f"{number} wbps={bytes_per_second}")


def join(mark: str, pid: int) -> None:
    """Put a process into its run's group, if there is one; ignore one that has already ended."""
    if group_of(mark).is_dir():
        with suppress(OSError):
            (group_of(mark) / "cgroup.procs").write_text(str(pid))


def remove(mark: str) -> None:
    """Move the run's processes back to the root group, unlimited, and remove their own. Raises OSError."""
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
