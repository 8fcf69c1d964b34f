"""Addresses: of this machine, of a name, of a container on its networks."""

from __future__ import annotations

import socket
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import psutil

from chaos.engine import refs
from chaos.engine.client import connected
from chaos.errors import ControlError, ToolMissing
from chaos.host.processes import ref_of
from chaos.path.sight import Unseen
from chaos.plugin.handles import ContainerRef, ProcessRef

_LOOPBACK = {"127.0.0.1", "::1"}
_OF_ANOTHER = "container:"


def local_addresses() -> set[str]:
    """Every address of this machine."""
    return {each.address.partition("%")[0] for every in psutil.net_if_addrs().values() for each in every}


def resolved(host: str) -> set[str]:
    """The addresses of a name; none if it does not resolve here."""
    try:
        return {str(each[4][0]) for each in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)}
    except OSError:
        return set()


def by_network(
    containers: Iterable[ContainerRef],
) -> tuple[tuple[ContainerRef, ...], tuple[ProcessRef, ...]]:
    """The containers with a network of their own, and the first processes of those on this machine's network.

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
                f"container {each.name} uses the network of its engine's host, which is not this machine"
            ) from None
    return tuple(apart), tuple(here)


def addresses(container: ContainerRef, server: ContainerRef | None) -> set[str]:
    """Source addresses of the container's connections to `server` (None: this machine). Raises Unseen."""
    owner = _owner(container)
    found = {at for each in owner["NetworkSettings"]["Networks"].values() for at in _of_network(each)}
    shared = server is not None and owner["Id"] == _owner(server)["Id"]
    return found | (_LOOPBACK if shared else set())


@dataclass(frozen=True, slots=True)
class Attached:
    """A container's attachment to its networks."""

    addresses: Mapping[str, Collection[str]]  # its own, by network
    gateways: Collection[
        str
    ]  # source addresses of its host's connections, and of midnight's own through a forwarder
    inside: Mapping[int, int]  # its ports, by the host ports that lead to them

    def over(self, networks: Collection[str]) -> set[str]:
        """Its addresses on these networks; on all of them if none is given."""
        names = networks or self.addresses.keys()
        return {each for name in names for each in self.addresses.get(name, ())}


def attached(container: ContainerRef) -> Attached:
    """Raises Unseen."""
    settings = _owner(container)["NetworkSettings"]
    networks = settings["Networks"]
    ports = {
        int(at["HostPort"]): int(port.partition("/")[0])
        for port, bound in (settings["Ports"] or {}).items()
        for at in bound or ()
    }
    gateways = {each[name] for each in networks.values() for name in ("Gateway", "IPv6Gateway")}
    own = {name: _of_network(each) for name, each in networks.items()}
    return Attached(own, (gateways | _forwarders(container)) - {""}, ports)


def _forwarders(container: ContainerRef) -> set[str]:
    """The addresses of midnight's own containers on its engine, except those that forward the load. Raises Unseen."""
    try:
        with connected(container.engine) as client:
            there = client.api.containers(filters={"label": refs.RUN})
    except (ControlError, ToolMissing) as error:
        raise Unseen(str(error)) from error
    networks = [each["NetworkSettings"]["Networks"] for each in there if refs.LOAD not in each["Labels"]]
    return {at for every in networks for each in every.values() for at in _of_network(each)}


def _of_network(each: Mapping[str, Any]) -> set[str]:
    return {str(each[name]) for name in ("IPAddress", "GlobalIPv6Address") if each.get(name)}


def _owner(container: ContainerRef) -> dict[str, Any]:
    """Attributes of the container whose network it uses: itself or another. Raises Unseen."""
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
