"""The proxies of a target file in a project's Toxiproxy: what each leads to, and how it is reached from here."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from chaos.engine.projects import Found
from chaos.errors import ControlError, UsageError
from chaos.plugin.handles import Proxy
from chaos.plugin.kinds import Kind, guess
from chaos.targets.compose.kinds import POSTGRESQL, kind_of
from chaos.targets.compose.options import ComposeOptions
from chaos.targets.compose.reach import Reached, reach
from chaos.targets.compose.stores import Store
from chaos.toxiproxy import ProxyInfo, Toxiproxy

log = logging.getLogger(__name__)

_SPOKEN: dict[str, Kind] = {POSTGRESQL: "postgres", "mysql": "mysql", "redis": "redis"}


@dataclass(frozen=True, slots=True)
class Guarded:
    """A proxy of the target file, its address from this machine, and the service it leads to."""

    proxy: Proxy
    listen: int
    address: str  # HOST:PORT; empty if it cannot be reached from here
    store: Store


def guarded(
    options: ComposeOptions, containers: Mapping[str, tuple[Found, ...]], there: Sequence[Found]
) -> tuple[dict[str, Guarded], list[Reached]]:
    """The proxies in the file by handle, and how each is reached from this machine."""
    if options.proxy is None:
        return {}, []
    (found,) = containers["proxy"]
    server, known = proxies_of(found, options.proxy.control)
    infos = {"database": _leading(known, options, found, there)}
    for name in options.proxy.also:
        if name not in known:
            raise UsageError(
                f"proxy: also: {found.name} has no {name!r}; it has {', '.join(known) or 'none'}"
            )
        infos[name] = known[name]
    made = {name: _made(name, info, server, found, there) for name, info in infos.items()}
    return {name: each for name, (each, _) in made.items()}, [way for _, way in made.values()]


def proxies_of(found: Found, control: int) -> tuple[Toxiproxy, dict[str, ProxyInfo]]:
    """The proxies that a Toxiproxy in a container reports. Raises UsageError."""
    at = reach([found], control, "proxy")
    if at.way is not None:
        rule = f"proxy: service {found.service!r} publishes no port {control} on 127.0.0.1"
        raise UsageError(f"{rule}; `midnight target wire` prints a proxy that does")
    server = Toxiproxy(at.url)
    try:
        return server, server.proxies()
    except ControlError as error:
        raise UsageError(f"proxy: {error}") from None


def _made(
    name: str, info: ProxyInfo, server: Toxiproxy, found: Found, there: Sequence[Found]
) -> tuple[Guarded, Reached]:
    listen = port_of(info)
    reached = reach([found], listen, name)
    if reached.way is not None:  # the database itself may need one of the same name
        reached = replace(reached, way=replace(reached.way, name=f"proxy-{name}"))
    entry, store = f"127.0.0.1:{reached.port}", store_behind(name, info.upstream, there)
    proxy = Proxy(server.url, info.name, info.listen, info.upstream, _spoken_by(store, info.upstream), entry)
    log.debug(
        "proxy %s: %s listens on %s, leads to %s (%s), reached at %s",
        *(name, info.name, info.listen, info.upstream, store.service, reached),
    )
    return Guarded(proxy, listen, entry, store), reached


def _spoken_by(store: Store, upstream: str) -> Kind:
    """The protocol, by the store's image or its port."""
    known = (kind_of(each) for each in store.containers)
    return next((_SPOKEN.get(each.name, "tcp") for each in known if each is not None), guess(upstream))


def port_of(info: ProxyInfo) -> int:
    """The address where a proxy listens."""
    return int(info.listen.rpartition(":")[2])


def store_behind(proxy: str, upstream: str, there: Sequence[Found]) -> Store:
    """The store at an upstream HOST:PORT: in the project or outside it."""
    host, _, port = upstream.rpartition(":")
    host = host.strip("[]")
    mine = [
        each
        for each in there
        if each.runs and (host in each.names or any(host in given for given in each.addresses.values()))
    ]
    number = int(port) if port.isdigit() else 0
    return Store(proxy, mine[0].service, number, tuple(mine)) if mine else Store(proxy, host, number, ())


def _leading(
    known: Mapping[str, ProxyInfo], options: ComposeOptions, found: Found, there: Sequence[Found]
) -> ProxyInfo:
    """The proxy in front of the database: by name, or the only one that leads there."""
    assert options.proxy is not None
    if options.proxy.name is not None:
        candidates = [info for name, info in known.items() if name == options.proxy.name]
    else:
        service = options.database.service if options.database else None
        candidates = [
            info
            for info in known.values()
            if service in (None, store_behind(info.name, info.upstream, there).service)
        ]
    if len(candidates) != 1:
        told = ", ".join(f"{info.name} -> {info.upstream}" for info in known.values()) or "none"
        raise UsageError(
            f"proxy: give the `name` of the one in front of the database; {found.name} has {told}"
        )
    return candidates[0]
