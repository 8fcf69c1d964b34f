"""Find the sockets of a process and its descendants in /proc."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path


def family(pids: Iterable[int]) -> set[int]:
    """These processes and their descendants, if still alive."""
    below: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):  # noqa: PTH208
        if name.isdigit():
            with suppress(OSError, IndexError):
                parent = Path(f"/proc/{name}/stat").read_bytes().rpartition(b")")[2].split()[1]
                below.setdefault(int(parent), []).append(int(name))
    members = list(pids)
    for member in members:
        members += below.get(member, ())
    return set(members)


def inodes(pids: Iterable[int]) -> set[int]:
    """Their open sockets. Raises PermissionError for another user's process."""
    found = set()
    for pid in pids:
        try:
            names = os.listdir(f"/proc/{pid}/fd")  # noqa: PTH208
        except (FileNotFoundError, ProcessLookupError):  # it has ended
            continue
        for name in names:
            with suppress(FileNotFoundError, ProcessLookupError):
                if (target := os.readlink(f"/proc/{pid}/fd/{name}")).startswith("socket:["):  # noqa: PTH115
                    found.add(int(target[8:-1]))
    return found


def same_network(pid: int) -> bool:
    """True if the process is in this process's network namespace. Raises PermissionError; FileNotFoundError if it has
    ended.
    """
    return os.readlink(f"/proc/{pid}/ns/net") == os.readlink("/proc/self/ns/net")  # noqa: PTH115
