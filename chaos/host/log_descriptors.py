"""How much the writers of a log have written, as the kernel shows it: where their descriptors stand, and their account.

Standard library only: it also runs in a sidecar.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

Inode = tuple[int, int]
Descriptor = tuple[int, int]  # pid and number


def descriptors(wanted: Iterable[Inode]) -> dict[Inode, list[Descriptor]]:
    """The descriptors that are open for writing on these files. Those of processes that this user
    may not look into are missing."""
    found: dict[Inode, list[Descriptor]] = {inode: [] for inode in wanted}
    for name in os.listdir("/proc"):
        if name.isdigit():
            with suppress(OSError):
                for number in os.listdir(f"/proc/{name}/fd"):
                    with suppress(OSError, ValueError):
                        told = os.stat(f"/proc/{name}/fd/{number}")
                        inode = (told.st_dev, told.st_ino)
                        if inode in found and _flags(int(name), int(number)) & os.O_ACCMODE != os.O_RDONLY:
                            found[inode].append((int(name), int(number)))
    return found


def position(descriptor: Descriptor, inode: Inode) -> int | None:
    """The offset of a descriptor of that file: the end of its last write. None if it is closed or reused."""
    pid, number = descriptor
    with suppress(OSError, ValueError, IndexError):
        told = os.stat(f"/proc/{pid}/fd/{number}")
        if (told.st_dev, told.st_ino) == inode:
            return int(_info(pid, number).partition("pos:")[2].split()[0])
    return None


def written(pids: Iterable[int]) -> int | None:
    """Bytes that these processes have written so far, to whatever. None if the kernel does not say."""
    total = 0
    for pid in pids:
        try:
            told = Path(f"/proc/{pid}/io").read_text()
            total += int(told.partition("wchar:")[2].split()[0])
        except (OSError, ValueError, IndexError):
            return None
    return total


def _flags(pid: int, number: int) -> int:
    return int(_info(pid, number).partition("flags:")[2].split()[0], 8)


def _info(pid: int, number: int) -> str:
    return Path(f"/proc/{pid}/fdinfo/{number}").read_text()
