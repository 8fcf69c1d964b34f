"""Traffic of a process or container with anything but midnight: the connections that an act on it breaks or holds."""

from __future__ import annotations

import os
import time
from collections.abc import Collection
from urllib.parse import urlsplit

from chaos.host import owners, sockets, unix_sockets
from chaos.host.processes import mark_of
from chaos.host.sockets import Socket
from chaos.host.unix_sockets import UnixSocket
from chaos.path.networks import Attached, attached, by_network
from chaos.path.sight import Here, Inside, Sight
from chaos.path.watch import require_visible
from chaos.plugin.handles import ContainerRef, ProcessRef

RECENT = 60.0  # seconds since the last byte for a connection to count as in use
WITHIN = 2.0  # seconds to wait for a connection if each request opens one
_POLL = 0.05
_LOOPBACK = ("127.0.0.1", "::1")


class Traffic:
    """Of one process (with its descendants) or container. Close it.

    `entry` is the URL where the load enters. Connections within the subject and midnight's own do not count; those of
    its load do. Raises Unseen, as its methods do. Its sidecars carry `mark`.
    """

    def __init__(self, subject: ContainerRef | ProcessRef, *, mark: str, entry: str = "") -> None:
        run = mark.partition("/")[0]
        processes: tuple[ProcessRef, ...] = (subject,) if isinstance(subject, ProcessRef) else ()
        self._of: _Of
        if isinstance(subject, ContainerRef):
            apart, processes = by_network((subject,))
            if apart:
                self._of = _OfContainer(subject, mark, entry)
                return
        self._of = _OfProcess(processes[0], run)

    def close(self) -> None:
        self._of.sight.close()

    def connections(self, networks: Collection[str] = (), within: float = WITHIN) -> int:
        """Connections in use now, over these networks of a container (none given: any); waits `within` seconds for
        one to open.
        """
        end = time.monotonic() + within
        while True:
            found = sum(_in_use(each) for each in self._of.with_others(networks)) + len(self._of.accepted())
            if found or time.monotonic() > end:
                return found
            time.sleep(_POLL)  # the kernel gives no event for another process's connections

    def held(self) -> int:
        """Connections with data that the subject has not read, or that it has not accepted yet."""
        waiting = sum(each.waiting > 0 for each in self._of.with_others(()))
        return waiting + sum(each.waiting > 0 for each in self._of.accepted(not_yet=True))


class _Of:
    sight: Sight

    def with_others(self, networks: Collection[str]) -> list[Socket]:
        raise NotImplementedError

    def accepted(self, *, not_yet: bool = False) -> list[UnixSocket]:
        """Unix-socket connections from others that the subject has accepted; `not_yet`: its listeners, too."""
        del not_yet
        return []


class _OfProcess(_Of):
    def __init__(self, process: ProcessRef, run: str) -> None:
        require_visible(process)
        self.sight, self._process, self._run = Here(), process, run

    def with_others(self, networks: Collection[str]) -> list[Socket]:
        del networks
        there = [each for each in self.sight.look() if each.state in (sockets.ESTABLISHED, sockets.LISTEN)]
        family = owners.family([self._process.pid])
        mine, midnights = owners.inodes(family), owners.inodes(self._midnight() - family)
        ports = {each.local_port for each in there if each.state == sockets.LISTEN and each.inode in mine}
        # a connection not accepted yet has no owner
        own = [
            each
            for each in there
            if each.state == sockets.ESTABLISHED
            and (each.inode in mine or (not each.inode and each.local_port in ports))
        ]
        not_others = {(each.local, each.local_port) for each in there if each.inode in midnights}
        not_others |= {(each.local, each.local_port) for each in own if each.inode in mine}
        return [each for each in own if (each.remote, each.remote_port) not in not_others]

    def accepted(self, *, not_yet: bool = False) -> list[UnixSocket]:
        family = owners.family([self._process.pid])
        mine, midnights = owners.inodes(family), owners.inodes(self._midnight() - family)
        there = unix_sockets.table()
        names = {each.name for each in there if each.listens and each.inode in mine and each.name}
        return [
            each
            for each in there
            if each.name in names and (not_yet if each.listens else each.peer not in mine | midnights)
        ]

    def _midnight(self) -> set[int]:
        """midnight and processes started by its steps; not its load, whose connections are the service's work."""
        steps = {pid for pid in owners.family([os.getpid()]) if self._of_a_step(mark_of(pid))}
        return steps | {os.getpid()}

    def _of_a_step(self, mark: str | None) -> bool:
        return mark is not None and mark.startswith(f"{self._run}/") and mark != f"{self._run}/load"


class _OfContainer(_Of):
    def __init__(self, container: ContainerRef, mark: str, entry: str) -> None:
        self._container = container
        port = urlsplit(entry).port
        self._entry = attached(container).inside.get(port) if port is not None else None
        self.sight = Inside(container, mark)

    def with_others(self, networks: Collection[str]) -> list[Socket]:
        at = attached(self._container)
        over = at.over(networks)
        return [each for each in self.sight.look() if self._counts(each, at, over)]

    def _counts(self, each: Socket, at: Attached, over: Collection[str]) -> bool:
        if each.state != sockets.ESTABLISHED or each.remote in _LOOPBACK or each.local not in over:
            return False
        # connections from this machine are midnight's own or its load
        return each.remote not in at.gateways or each.local_port == self._entry


def _in_use(each: Socket) -> bool:
    return each.at - max(each.sent_at, each.received_at) < RECENT
