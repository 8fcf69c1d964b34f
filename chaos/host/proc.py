"""Files of /proc, read as bytes and without path objects: sampling must not disturb what it samples.

Standard library only: programs in sidecars use it, too.
"""

from __future__ import annotations

import os

STATE, PARENT, SESSION = 0, 1, 3
USER_TIME, SYSTEM_TIME, CHILDRENS_USER_TIME, CHILDRENS_SYSTEM_TIME = range(11, 15)  # in ticks
THREADS, BEGAN, RSS = 17, 19, 21  # BEGAN in ticks since boot, RSS in pages
"""What `stat` returns, by its index."""

TICKS = float(os.sysconf("SC_CLK_TCK"))  # a second
PAGE = os.sysconf("SC_PAGE_SIZE")  # bytes

DISK_WAIT = b"D"  # a state: uninterruptible sleep
ENDED = b"ZX"  # states: a zombie, and dead


def content_of(file: str) -> bytes:
    """All of a file. Raises OSError."""
    descriptor = os.open(file, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return b"".join(iter(lambda: os.read(descriptor, 65536), b""))
    finally:
        os.close(descriptor)


def start_of(file: str) -> bytes:
    """The first 4,096 bytes, which is all of most files, with one read. Raises OSError."""
    descriptor = os.open(file, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return os.read(descriptor, 4096)
    finally:
        os.close(descriptor)


def stat(place: str) -> list[bytes]:
    """The fields after the name of a process (`/proc/PID`) or thread (`/proc/PID/task/TID`). Raises OSError, also for
    one that ends meanwhile."""
    return named_stat(place)[1]


def named_stat(place: str) -> tuple[bytes, list[bytes]]:
    """The name, which may hold spaces and brackets, and the fields after it. Raises OSError as `stat` does."""
    before, end_of_name, after = start_of(f"{place}/stat").rpartition(b")")
    if not end_of_name:
        raise ProcessLookupError(f"{place} has ended")
    return before.partition(b"(")[2], after.split()
