"""The soft limit of a running process's descriptors, and how many numbers below it are free."""

from __future__ import annotations

import os
import resource
from collections.abc import Iterable
from contextlib import suppress

import psutil

from chaos.host import families
from chaos.host.processes import process_of, ref_of
from chaos.plugin.handles import ProcessRef

UNLIMITED = resource.RLIM_INFINITY


def family(*roots: ProcessRef) -> list[ProcessRef]:
    """The processes that still run, and their descendants: parents before their children."""
    below, found = families.children(), dict[int, ProcessRef]()
    for root in roots:
        if process_of(root) is not None:
            found[root.pid] = root
            for pid in families.family(root.pid, below):
                with suppress(psutil.NoSuchProcess):
                    found.setdefault(pid, ref_of(pid))
    return list(found.values())


def soft_limit(ref: ProcessRef) -> int | None:
    """None if the process has ended. Raises PermissionError."""
    limits = _limits(ref)
    return None if limits is None else limits[0]


def exceeds(soft: int, wanted: int) -> bool:
    """Whether a limit of `wanted` would be a lower one."""
    return soft == UNLIMITED or soft > wanted


def set_soft_limit(ref: ProcessRef, soft: int) -> bool:
    """Set it, leave the hard limit as it is, and return whether the process still runs. Raises PermissionError, and
    ValueError above the hard limit."""
    limits = _limits(ref)
    if limits is None:
        return False
    try:
        resource.prlimit(ref.pid, resource.RLIMIT_NOFILE, (soft, limits[1]))
    except ProcessLookupError:
        return False
    return True


def held_below(pid: int, limit: int) -> int:
    """How many descriptor numbers below the limit are in use: at `limit` the next open fails. 0 if it has ended.

    Descriptors that were opened under a higher limit do not count. Raises PermissionError.
    """
    try:
        return sum(int(name) < limit for name in os.listdir(f"/proc/{pid}/fd"))
    except (FileNotFoundError, ProcessLookupError):
        return 0


def fullest(refs: Iterable[ProcessRef], limit: int) -> int:
    """The most descriptor numbers in use below the limit, by one process; one that may not be read does not count."""
    most = 0
    for each in refs:
        with suppress(PermissionError):
            most = max(most, held_below(each.pid, limit))
    return most


def _limits(ref: ProcessRef) -> tuple[int, int] | None:
    if process_of(ref) is None:
        return None
    try:
        return resource.prlimit(ref.pid, resource.RLIMIT_NOFILE)
    except ProcessLookupError:
        return None
