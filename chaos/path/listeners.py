"""Find out who listens at an address of this machine: a proxy in a container may use a port number that another
process has here.
"""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlsplit

import psutil

from chaos.host import owners, sockets
from chaos.host.sockets import Socket

_FORWARDS = "docker-proxy"  # of a container's published port, one process for each


def of_the_proxy(api: str, places: Iterable[tuple[str, int]]) -> set[tuple[str, int]]:
    """The addresses (IP, port of this machine) that may belong to the Toxiproxy server with this control URL; another
    process listens at the others.
    """
    control = urlsplit(api).port or 0
    listening = [each for each in sockets.table() if each.state == sockets.LISTEN]
    by_port: dict[int, list[Socket]] = {}
    for each in listening:
        by_port.setdefault(each.local_port, []).append(each)
    mine = {_owner(each) for each in by_port.get(control, ())}
    return {
        place
        for place in places
        if not mine or all(_owner(each) in mine for each in by_port.get(place[1], ()))
    }


def holders(port: int) -> set[int]:
    """The processes that listen on a port of this machine, as far as permissions allow."""
    inodes = {
        each.inode
        for each in sockets.table([port])
        if each.state == sockets.LISTEN and each.local_port == port
    }
    return {pid for pid in psutil.pids() if inodes & opened(pid)}


def opened(pid: int) -> set[int]:
    """Its sockets; none without permission."""
    try:
        return owners.inodes([pid])
    except PermissionError:
        return set()


def _owner(each: Socket) -> str:
    """The owner of a listening socket: a process, or only its user without permission."""
    for pid in psutil.pids():
        if each.inode in opened(pid):
            return _FORWARDS if psutil.Process(pid).name() == _FORWARDS else f"pid {pid}"
    return f"user {each.uid}"
