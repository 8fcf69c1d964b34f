"""Who uses a disk: processes with a file open on it, or a directory of it as their own, and containers that mount it.

Everything is read from /proc, so nothing here waits for that disk itself: neither a stalled one nor its server.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from chaos.host import families, mounting
from chaos.host.proc import content_of

_CONTAINER = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class User:
    pid: int
    name: str
    container: str  # its id; empty for a process of this machine


def users_of(device: str) -> list[User]:
    """Those that this user may see, the oldest first: of a process and its children that one, of a container its first.

    `device`: `major:minor`.
    """
    found = {pid: _container_of(pid) for pid in _pids() if holds(pid, device) or _mounts_apart(pid, device)}
    below = families.children()
    later = {child for pid in found for child in families.family(pid, below) if child != pid}
    containers = set[str]()
    users = []
    for pid, container in found.items():
        if container in containers or (not container and pid in later):
            continue
        containers |= {container} - {""}
        users.append(User(pid, _name(pid), container))
    return users


def holds(pid: int, device: str) -> bool:
    """True if the process keeps the disk from being unmounted."""
    return uses(pid, device) or _lives_on(pid, device)


def uses(pid: int, device: str) -> bool:
    """True if the process has a file open on the disk; False if it has ended or belongs to another user."""
    with suppress(OSError, ValueError, IndexError):
        mounts = mounts_of(pid, device)
        return any(is_on(pid, int(name), mounts) for name in os.listdir(f"/proc/{pid}/fdinfo"))
    return False


def mounts_of(pid: int, device: str) -> frozenset[bytes]:
    """The ids of the disk's mounts that the process sees. Raises OSError."""
    lines = _lines(f"/proc/{pid}/mountinfo")
    return frozenset(words[0] for words in lines if words[2] == device.encode())


def is_on(pid: int, descriptor: int, mounts: Collection[bytes]) -> bool | None:
    """Whether an open file is on one of these mounts; None if it was closed meanwhile, or may not be seen."""
    with suppress(OSError):
        lines = _lines(f"/proc/{pid}/fdinfo/{descriptor}")
        return any(words[0] == b"mnt_id:" and words[1] in mounts for words in lines)
    return None


def _lives_on(pid: int, device: str) -> bool:
    """True if its working directory, root or program is there."""
    with suppress(OSError):
        places = [each.at for each in mounting.mounts(pid) if each.device == device]
        return any(_leads_below(Path(f"/proc/{pid}/{link}"), places) for link in ("cwd", "root", "exe"))
    return False


def _leads_below(link: Path, places: Collection[Path]) -> bool:
    return bool(places) and any(link.readlink().is_relative_to(place) for place in places)


def _mounts_apart(pid: int, device: str) -> bool:
    """True if it has the disk mounted in a namespace of its own, where unmounting it here does not unmount it."""
    with suppress(OSError):
        if Path(f"/proc/{pid}/ns/mnt").readlink() == Path("/proc/self/ns/mnt").readlink():
            return False
        theirs = {(each.root, each.at) for each in mounting.mounts(pid) if each.device == device}
        # At the same place it is a copy of the mount here, as services of systemd get it, and is unmounted with it.
        here = {(each.root, each.at) for each in mounting.mounts() if each.device == device}
        return bool(theirs if _container_of(pid) else theirs - here)
    return False


def _name(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""  # it has ended


def _container_of(pid: int) -> str:
    """The id of the container that the process runs in; empty if in none."""
    with suppress(OSError):
        if found := _CONTAINER.search(Path(f"/proc/{pid}/cgroup").read_text()):
            return found[0]
    return ""


def _pids() -> Iterator[int]:
    yield from sorted(int(name) for name in os.listdir("/proc") if name.isdigit())


def _lines(file: str) -> list[list[bytes]]:
    return [words for line in content_of(file).splitlines() if (words := line.split())]
