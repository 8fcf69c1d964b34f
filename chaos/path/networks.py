"""Addresses: of this machine, of a name, of a container on its networks."""

from __future__ import annotations

import socket
from collections.abc import Iterable
from typing import Any

import psutil

from chaos.engine import refs
from chaos.engine.client import connected
from chaos.errors import ControlError, ToolMissing
from chaos.handles import ContainerRef, ProcessRef
from chaos.host.processes import ref_of
from chaos.path.sight import Unseen

_LOOPBACK = {"127.0.0.1", "::1"}
_OF_ANOTHER = "container:"


def local_addresses() -> set[str]:
    """Every address of this machine."""
    return {each.address.partition("%")[0] for every in psutil.net_if_addrs().values() for each in every}


def resolved(host: str) -> set[str]:
    """The addresses of a name; none where it has none here."""
    try:
        return {str(each[4][0]) for each in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)}
    except OSError:
        return set()


def by_network(
    containers: Iterable[ContainerRef],
) -> tuple[tuple[ContainerRef, ...], tuple[ProcessRef, ...]]:
    """The containers that have a network of their own, and the first processes of those that have this machine's.

    Raises Unseen.
    """
    apart, here = [], []
    for each in containers:
        attrs = _owner(each)
        if attrs["HostConfig"]["NetworkMode"] != "host":
            apart.append(each)
            continue
        try:
            here.append(ref_of(attrs["State"]["Pid"]))
        except psutil.NoSuchProcess:
            raise Unseen(
                f"container {each.name} has the network of its engine's host, which is not this one"
            ) from None
    return tuple(apart), tuple(here)


def addresses(container: ContainerRef, server: ContainerRef | None) -> set[str]:
    """What the container's connections to `server` (None: this machine) come from. Raises Unseen."""
    owner = _owner(container)
    networks = owner["NetworkSettings"]["Networks"].values()
    found = {each[name] for each in networks for name in ("IPAddress", "GlobalIPv6Address") if each.get(name)}
    shared = server is not None and owner["Id"] == _owner(server)["Id"]
    return found | (_LOOPBACK if shared else set())


def _owner(container: ContainerRef) -> dict[str, Any]:
    """What the engine says of the container whose network it has: its own, or that of another. Raises Unseen."""
    try:
        with connected(container.engine) as client:
            found = refs.container_of(client, container)
            while found is not None and str(mode := found.attrs["HostConfig"]["NetworkMode"]).startswith(
                _OF_ANOTHER
            ):
                other = mode.removeprefix(_OF_ANOTHER)
                found = refs.container_of(client, ContainerRef(container.engine, other, other))
    except (ControlError, ToolMissing) as error:
        raise Unseen(str(error)) from error
    if found is None:
        raise Unseen(f"container {container.name} is gone")
    attrs: dict[str, Any] = found.attrs
    return attrs
