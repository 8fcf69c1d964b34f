"""Which sockets belong to a process and everything below it, by /proc."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path


def family(pids: Iterable[int]) -> set[int]:
    """These processes and all that descend from them, those that still live."""
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
    """The sockets that they have open. Raises PermissionError for a process that another user runs."""
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
    """Whether the process is in our network namespace. Raises PermissionError; FileNotFoundError when it ended."""
    return os.readlink(f"/proc/{pid}/ns/net") == os.readlink("/proc/self/ns/net")  # noqa: PTH115
