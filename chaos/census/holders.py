"""Which process, and which of its descriptors, holds a database session: by the session's client port; through a
Toxiproxy by the two sockets that carried the same bytes."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import psutil

from chaos.census.connections import Connection, connections
from chaos.census.descriptors import Gone, Unseen, command_of, inodes, reading
from chaos.host import sockets, unix_sockets

_SERVER = "postgres"


@dataclass(frozen=True, slots=True)
class Held:
    """One socket of one process."""

    pid: int
    fd: int
    inode: int
    at: Connection


class Holders:
    """The holders of a server's sessions; the service's processes (`pids`) are looked through first."""

    def __init__(self, pids: Collection[int]) -> None:
        self._pids = list(pids)

    def of(self, client: str, server_port: int, backend: int) -> tuple[dict[str, Any] | None, str]:
        """The holder (`pid`, `fd`, `command`, `through`), or None and why. `client`: the session's HOST:PORT as the
        server sees it, empty for a unix socket; `backend`: the server's own process."""
        try:
            if not client:
                return self._of_unix(backend)
            for table in (self._own, self._others):
                if found := table.get(client):
                    # one address may be there in several network namespaces
                    return self._of_socket(max(found, key=lambda each: _port(each.at.peer) == server_port))
        except (Gone, Unseen) as error:
            return None, str(error)
        return None, f"no process seen here holds {client}: it is on another machine, or another user's"

    def _of_socket(self, found: Held) -> tuple[dict[str, Any] | None, str]:
        through = [each for each in self._into(found.pid) if each.pid in self._pids]
        if found.pid in self._pids or not through:
            return _holder(found.pid, found.fd), ""
        return self._through(found, through)

    def _through(self, found: Held, into: list[Held]) -> tuple[dict[str, Any] | None, str]:
        """`found` is a proxy's own socket to the server, `into` the service's sockets to that proxy."""
        proxy = command_of(found.pid)
        by_client = {each.at.local: each for each in into}
        same = [
            (accepted, by_client[accepted.at.peer])
            for accepted in self._sockets_of(found.pid)
            if accepted.at.peer in by_client and self._same_bytes(accepted.inode, found.inode)
        ]
        # Toxiproxy dials right after it has accepted: of several idle ones, the next descriptor is its own
        if len(next_ := [each for each in same if len(same) > 1 and each[0].fd + 1 == found.fd]) == 1:
            same = next_
        candidates = [mine for _, mine in same] or into
        if len(candidates) == 1:
            return _holder(candidates[0].pid, candidates[0].fd, proxy), ""
        if len({each.pid for each in candidates}) == 1:
            why = f"one of {len(candidates)} connections of this process through {proxy} that cannot be told apart"
            return _holder(candidates[0].pid, None, proxy), why
        why = f"behind {proxy}: its {len(candidates)} connections from this service cannot be told apart"
        return None, why

    def _into(self, proxy: int) -> list[Held]:
        """The service's sockets whose other end this process has accepted."""
        peers = {each.at.peer for each in self._sockets_of(proxy) if each.at.accepted}
        return [each for some in self._own.values() for each in some if each.at.local in peers]

    def _sockets_of(self, pid: int) -> list[Held]:
        return self._by_pid.get(pid, [])

    def _same_bytes(self, accepted: int, dialled: int) -> bool:
        """Whether a proxy passed on exactly what it got, both ways, so far."""
        one, other = self._bytes.get(accepted), self._bytes.get(dialled)
        return one is not None and other is not None and one == other[::-1]

    def _of_unix(self, backend: int) -> tuple[dict[str, Any] | None, str]:
        """By the other end of the server's own socket, if the server runs here and may be seen."""
        with suppress(Gone, Unseen, sockets.Unreadable):
            if command_of(backend).startswith(_SERVER):
                ends = {each.inode: each.peer for each in unix_sockets.table()}
                peers = {ends.get(inode, 0) for inode in inodes(backend)} - {0}
                for table in (self._own_inodes, self._other_inodes):
                    if found := next((table[inode] for inode in peers if inode in table), None):
                        return _holder(*found), ""
        return None, "the server's end of its unix socket is not seen here"

    @cached_property
    def _own(self) -> dict[str, list[Held]]:
        return _by_client(self._own_held)

    @cached_property
    def _own_held(self) -> list[Held]:
        return list(_held(self._pids))

    @cached_property
    def _others(self) -> dict[str, list[Held]]:
        return _by_client(self._other_held)

    @cached_property
    def _other_held(self) -> list[Held]:
        return list(_held(pid for pid in psutil.pids() if pid not in self._pids))

    @cached_property
    def _by_pid(self) -> dict[int, list[Held]]:
        found: dict[int, list[Held]] = defaultdict(list)
        for each in (*self._own_held, *self._other_held):
            found[each.pid].append(each)
        return found

    @cached_property
    def _own_inodes(self) -> dict[int, tuple[int, int]]:
        return {each.inode: (each.pid, each.fd) for each in self._own_held}

    @cached_property
    def _other_inodes(self) -> dict[int, tuple[int, int]]:
        return {each.inode: (each.pid, each.fd) for each in self._other_held}

    @cached_property
    def _bytes(self) -> dict[int, tuple[int, int]]:
        """Bytes received and sent by each socket of midnight's own network namespace."""
        with suppress(sockets.Unreadable):
            return {each.inode: (each.received, each.sent) for each in sockets.table() if each.received >= 0}
        return {}


def _held(pids: Iterable[int]) -> Iterable[Held]:
    """The sockets of the processes that may be seen; each network namespace is read once."""
    tables: dict[str, dict[int, Connection]] = {}
    for pid in pids:
        with suppress(Gone, Unseen):
            mine = inodes(pid)
            if not mine:
                continue
            with reading(pid):
                namespace = os.readlink(f"/proc/{pid}/ns/net")
                if namespace not in tables:
                    tables[namespace] = connections(pid)
            for inode, fd in mine.items():
                at = tables[namespace].get(inode) or Connection("", "", "", "")
                yield Held(pid, fd, inode, at)


def _by_client(held: Iterable[Held]) -> dict[str, list[Held]]:
    found: dict[str, list[Held]] = defaultdict(list)
    for each in held:
        if each.at.protocol == "tcp" and each.at.peer:
            found[each.at.local].append(each)
    return found


def _port(address: str) -> int:
    return int(address.rpartition(":")[2])


def _holder(pid: int, fd: int | None, through: str = "") -> dict[str, Any]:
    return {"pid": pid, "fd": fd, "command": command_of(pid), "through": through}
