"""Find the sockets of a process and its descendants in /proc."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress

from chaos.host import families


def family(pids: Iterable[int]) -> set[int]:
    """These processes and their descendants, if still alive."""
    below = families.children()
    return {member for pid in pids for member in families.family(pid, below)}


def inodes(pids: Iterable[int]) -> set[int]:
    """Their open sockets. Raises PermissionError for another user's process."""
    found = set()
    for pid in pids:
        try:
            names = os.listdir(f"/proc/{pid}/fd")
        except (FileNotFoundError, ProcessLookupError):  # it has ended
            continue
        for name in names:
            with suppress(FileNotFoundError, ProcessLookupError):
                if (target := os.readlink(f"/proc/{pid}/fd/{name}")).startswith("socket:["):
                    found.add(int(target[8:-1]))
    return found


def same_network(pid: int) -> bool:
    """True if the process is in this process's network namespace. Raises PermissionError; FileNotFoundError if it has
    ended.
    """
    return os.readlink(f"/proc/{pid}/ns/net") == os.readlink("/proc/self/ns/net")
