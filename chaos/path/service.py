"""Decide whose connections count as the service's: the role `pool`, else `api`, else the listener at its URL."""

from __future__ import annotations

import ipaddress
import logging
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

import psutil

from chaos.host import sockets
from chaos.host.processes import ref_of
from chaos.path.listeners import holders
from chaos.path.networks import local_addresses, resolved
from chaos.path.sight import Unseen
from chaos.plugin.handles import ContainerRef, Handles, ProcessRef

log = logging.getLogger(__name__)

ROLES = ("pool", "api")
"""The roles that hold upstream connections. `pool`: a pgbouncer, say, whose connections carry the service's."""


@dataclass(frozen=True, slots=True)
class Service:
    """The processes (with their descendants) and containers whose connections are the service's own."""

    processes: tuple[ProcessRef, ...] = ()
    containers: tuple[ContainerRef, ...] = ()

    def __str__(self) -> str:
        names = [f"process {each.pid} ({_name(each.pid)})" for each in self.processes]
        return ", ".join([*names, *(each.name for each in self.containers)]) or "nothing"


def of(handles: Handles) -> Service:
    """The service of a target. Raises Unseen if the target names none and none is found on this machine."""
    for role in ROLES:
        found = Service(handles.processes.get(role, ()), handles.containers.get(role, ()))
        if found != Service():
            return found
    return Service(tuple(_listening(handles.base_url)))


def _listening(url: str) -> Iterable[ProcessRef]:
    """The listener at an address of this machine. Raises Unseen."""
    remedy = "name the service's process in the target file: processes: {api: {pid_file: PATH}}"
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    if not parts.hostname or not _is_here(parts.hostname):
        raise Unseen(
            f"{url or 'the service'} is not on this machine, so its connections cannot be seen from here"
        )
    try:
        found = holders(port)
    except sockets.Unreadable as error:
        raise Unseen(f"this kernel shows no sockets ({error})") from error
    log.debug("port %d: listened on by PIDs %s", port, sorted(found))
    oldest = found - {pid for pid in found if _parent(pid) in found}
    if not oldest:
        raise Unseen(f"no process that this user may inspect listens at {url}; {remedy}")
    return [ref_of(pid) for pid in sorted(oldest)]


def _parent(pid: int) -> int:
    try:
        return psutil.Process(pid).ppid()
    except psutil.Error:
        return 0


def _name(pid: int) -> str:
    try:
        return psutil.Process(pid).name()
    except psutil.Error:
        return "ended"


def _is_here(host: str) -> bool:
    here = local_addresses()
    return any(each in here or ipaddress.ip_address(each).is_loopback for each in resolved(host))
