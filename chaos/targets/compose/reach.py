"""How to reach a container's port from this machine: as published, or through a forwarder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from chaos.engine import client as engines
from chaos.engine import gate, sidecar
from chaos.engine.gate import Way
from chaos.engine.projects import Found
from chaos.errors import ControlError, TargetError, UndoError, UsageError
from chaos.host.ports import free_port
from chaos.plugin.driver import Site
from chaos.plugin.fault import Evidence, Undo
from chaos.plugin.handles import EngineAt

WHAT, ENTRIES = "forwarder", ("api", "entry")
HERE = ("", "0.0.0.0", "127.0.0.1", "::")


@dataclass(frozen=True, slots=True)
class Reached:
    """`port` of 127.0.0.1 leads there; `way`: only through a forwarder."""

    port: int
    way: Way | None = None

    def __str__(self) -> str:
        way = "" if self.way is None else f", by a forwarder in network {self.way.network}"
        return f"127.0.0.1:{self.port}{way}"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


def reach(containers: Sequence[Found], port: int | None, role: str) -> Reached:
    """If a role has several containers, a forwarder spreads connections over all of them.
    Raises UsageError."""
    found, inside = containers[0], _port_of(containers[0], port, role)
    if len(containers) == 1 and found.on_the_host:
        return Reached(inside)
    if len(containers) == 1 and inside in found.ports and found.ports[inside][0] in HERE:
        return Reached(found.ports[inside][1])
    shared = [name for name in found.networks if all(name in each.networks for each in containers)]
    if not shared:
        mode = found.network_mode or "none"
        raise UsageError(
            f"{role}: service {found.service!r} publishes no port {inside} on 127.0.0.1, and is on no network"
            f" of its own (network_mode: {mode}): publish it there"
        )
    return Reached(at := free_port(), Way(role, _host(containers, shared[0]), inside, at, shared[0]))


def open_ways(at: EngineAt, ways: Sequence[Way], site: Site) -> None:
    """Create a forwarder for the load and one for midnight's own connections, if needed, with their undo journalled.
    Raises TargetError.
    """
    for name, load in ((WHAT, False), (f"{WHAT} of the load", True)):
        mine = [way for way in ways if (way.name in ENTRIES) is load]
        mark = f"{site.mark}/{name.replace(' ', '-')}"
        if not mine:
            continue
        site.creating(name, {"what": WHAT, "engine": engines.to_json(at), "mark": mark})
        try:
            gate.open_to(at, mine, mark, load=load)
        except ControlError as error:
            which = ", ".join(way.name for way in mine)
            raise TargetError(f"{which}: the forwarder could not be created: {error}") from error


def remove(undo: Undo) -> Evidence:
    """Raises UndoError."""
    at, mark = engines.from_json(undo["engine"]), undo["mark"]
    try:
        return {"containers_removed": sidecar.remove(at, mark, settled=1.0)}
    except ControlError as error:
        by_hand = f"docker rm -f midnight-{mark.replace('/', '-')}"
        raise UndoError(f"the forwarder could not be removed: {error}; by hand: {by_hand}") from error


def _port_of(found: Found, port: int | None, role: str) -> int:
    """The port in the container. Raises UsageError."""
    if port is not None:
        return port
    here = [inside for inside, (ip, _) in found.ports.items() if ip in HERE]
    for known in (here, sorted(found.exposed)):
        if len(known) == 1:
            return known[0]
    told = ", ".join(f"{inside} on {ip or '*'}:{out}" for inside, (ip, out) in found.ports.items())
    told = told or ", ".join(str(each) for each in sorted(found.exposed)) or "none"
    raise UsageError(
        f"{role}: give the `port` that service {found.service!r} listens on; it publishes {told}"
    )


def _host(containers: Sequence[Found], network: str) -> str:
    """A name that the network resolves: a single container's own, or one shared by several."""
    if network == "bridge":  # the engine's default network, which has no name resolution
        return next(iter(containers[0].addresses[network]))
    if len(containers) == 1:
        return containers[0].name
    shared = set.intersection(*(set(each.networks[network]) for each in containers))
    service = containers[0].service
    return service if service in shared or not shared else min(shared)
