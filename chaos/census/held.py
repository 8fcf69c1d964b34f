"""Level 1: what a process holds, by name, from /proc alone. Nothing of the process changes, and it never waits."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from chaos.census.connections import Connection, connections
from chaos.census.descriptors import (
    DELETED,
    FILE,
    SOCKET,
    command_of,
    inode_of,
    kind_of,
    links,
    reading,
    text_of,
)
from chaos.host import proc

_DELETED = " (deleted)"
_STATES = {
    "R": "running",
    "S": "sleeping",
    "D": "waiting for a disk",
    "T": "stopped",
    "t": "traced",
    "I": "idle",
}
_UNCHANNELLED = ("", "0")  # of wchan: on a processor, or not shown to this user


def held(pid: int) -> dict[str, Any]:
    """A JSON document: `pid`, `command`, each of its `descriptors`, its `sockets` counted by peer and state, each of
    its `threads`. Raises Gone, Unseen."""
    opened = links(pid)
    with reading(pid):
        table = connections(pid) if any(kind_of(link) == SOCKET for link in opened.values()) else {}
        threads = [each for tid in os.listdir(f"/proc/{pid}/task") if (each := _thread(pid, tid))]
    descriptors = [_descriptor(pid, fd, link, table) for fd, link in sorted(opened.items())]
    return {
        "pid": pid,
        "command": command_of(pid),
        "descriptors": descriptors,
        "sockets": _counted(descriptors),
        "threads": sorted(threads, key=lambda each: int(each["tid"])),
    }


def _descriptor(pid: int, fd: int, link: str, table: Mapping[int, Connection]) -> dict[str, Any]:
    """`what` is a path without the kernel's ` (deleted)`, or the socket in words. `position` is that in a file."""
    kind = kind_of(link)
    if kind == SOCKET:
        found = table.get(inode_of(link)) or Connection(_protocol(pid, fd), "", "", "not connected")
        return _row(fd, kind, found.what, found.state, found.peer) | {
            "protocol": found.protocol,
            "local": found.local,
            "accepted": found.accepted,
        }
    position = _position(pid, fd) if kind in (FILE, DELETED) else None
    what = link.removesuffix(_DELETED)
    return _row(fd, kind, what, DELETED if kind == DELETED else "", position=position)


def _row(
    fd: int, kind: str, what: str, state: str, peer: str = "", position: int | None = None
) -> dict[str, Any]:
    return {"fd": fd, "kind": kind, "what": what, "state": state, "peer": peer, "position": position}


def _protocol(pid: int, fd: int) -> str:
    """The kernel's name of a socket's protocol, for one that is in no table: not connected, netlink, raw, ..."""
    with suppress(OSError):
        return os.getxattr(f"/proc/{pid}/fd/{fd}", "system.sockprotoname").rstrip(b"\0").decode().lower()
    return "of unknown protocol"


def _position(pid: int, fd: int) -> int | None:
    with suppress(OSError, ValueError, IndexError):
        return int(text_of(f"/proc/{pid}/fdinfo/{fd}").split(maxsplit=2)[1])
    return None


def _counted(descriptors: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Sockets by peer and state. Peers of accepted connections are counted by host: their ports are their own."""
    found = Counter(
        (each["protocol"], _host(each) if each["accepted"] else each["peer"], each["state"], each["accepted"])
        for each in descriptors
        if each["kind"] == SOCKET
    )
    return [
        {"protocol": protocol, "peer": peer, "state": state, "accepted": accepted, "count": count}
        for (protocol, peer, state, accepted), count in found.most_common()
    ]


def _host(row: Mapping[str, Any]) -> str:
    return str(row["peer"]).rpartition(":")[0]


def _thread(pid: int, tid: str) -> dict[str, Any] | None:
    """A thread by name; `wchan` is the kernel function it waits in, if the kernel says. None if it has ended."""
    place = f"/proc/{pid}/task/{tid}"
    try:
        name, fields = proc.named_stat(place)
    except (FileNotFoundError, ProcessLookupError):
        return None
    wchan = ""
    with suppress(OSError):
        wchan = text_of(f"{place}/wchan")
    letter = fields[proc.STATE].decode()
    return {
        "tid": int(tid),
        "name": name.decode(errors="backslashreplace"),
        "state": _STATES.get(letter, letter),
        "wchan": "" if wchan in _UNCHANNELLED else wchan,
    }
