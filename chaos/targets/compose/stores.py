"""Stores and the services that use them, by settings and by existing sessions."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from chaos.engine.projects import Found
from chaos.host import mentions
from chaos.targets.compose.kinds import kind_of

OURS = ("midnight-proxy", "midnight-proxy-keeper")
_THE_HOST = frozenset({"host.docker.internal", "gateway.docker.internal", "172.17.0.1"})
_ITSELF = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class Store:
    """A service that others have sessions with, on one TCP port: a database, a cache. One outside the project has no
    containers and is known only by its host.
    """

    proxy: str  # the name of the proxy in front of it
    service: str
    port: int
    containers: tuple[Found, ...]

    @property
    def names(self) -> frozenset[str]:
        host = set() if _is_address(self.service) else {self.service}
        return frozenset(host.union(*(each.names for each in self.containers)))

    @property
    def addresses(self) -> frozenset[str]:
        host = {self.service} if _is_address(self.service) else set()
        given = (at for each in self.containers for at in each.addresses.values())
        return frozenset(host.union(*given))

    @property
    def networks(self) -> frozenset[str]:
        return frozenset(name for each in self.containers for name in each.networks)

    @property
    def published(self) -> frozenset[int]:
        """The host ports that lead to it."""
        ports = {each.ports[self.port][1] for each in self.containers if self.port in each.ports}
        return frozenset(ports | {self.port for each in self.containers if each.on_the_host})


@dataclass(frozen=True, slots=True)
class Past:
    """A setting that bypasses name resolution: an IP address, or a host port. `variable` is empty for a word of a
    command line.
    """

    variable: str
    host: str
    port: int | None


@dataclass(frozen=True, slots=True)
class User:
    """A service that uses a store."""

    service: str
    names: frozenset[str] = frozenset()  # names of the store in the service's settings
    variables: frozenset[str] = frozenset()  # the settings' variables; empty: known only by its sessions
    past: tuple[Past, ...] = ()
    sessions: int = 0
    containers: tuple[Found, ...] = field(default=(), repr=False)

    @property
    def because(self) -> str:
        variables = self.variables | {each.variable for each in self.past} - {""}
        told = [", ".join(sorted(variables))] if variables else []
        told += [f"{self.sessions} session{'s' if self.sessions > 1 else ''}"] if self.sessions else []
        return "; ".join(told) or "its command line"


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def users_of(store: Store, there: Iterable[Found], sessions: Mapping[str, int]) -> list[User]:
    """The services that use the store, by their settings or by `sessions` (count by container id)."""
    by_service: dict[str, list[Found]] = {}
    for each in there:
        if each.service not in (store.service, *OURS) and not is_replica(store, each):
            by_service.setdefault(each.service, []).append(each)
    found = []
    for service, containers in by_service.items():
        user = _user(store, service, containers, sum(sessions.get(each.id, 0) for each in containers))
        if user is not None:
            found.append(user)
    return found


def _user(store: Store, service: str, containers: Sequence[Found], sessions: int) -> User | None:
    names: set[str] = set()
    variables: set[str] = set()
    past: dict[Past, None] = {}
    for each in containers:
        known = store.names | _linked(store, each)
        for (host, port), variable in _said(each):
            name = host if host in known else host.partition(".")[0]
            if name in known and (host == name or host.partition(".")[2] in each.networks):
                names.add(name)
                variables |= {variable} - {""}
            elif _leads_past(store, each, host, port):
                past[Past(variable, host, port)] = None
    if not (names or past or sessions):
        return None
    return User(service, frozenset(names), frozenset(variables), tuple(past), sessions, tuple(containers))


def _said(container: Found) -> Iterable[tuple[mentions.Address, str]]:
    yield from mentions.of_variables(container.environment)
    for address in mentions.of_words(container.words):
        yield address, ""


def _linked(store: Store, container: Found) -> frozenset[str]:
    """This container's private names for the store."""
    theirs = {each.name for each in store.containers}
    return frozenset(alias for target, alias in container.links if target in theirs)


def _leads_past(store: Store, container: Found, host: str, port: int | None) -> bool:
    address = container.hosts.get(host, host)
    if address in store.addresses:
        return port in (None, store.port)
    if address in _ITSELF:
        beside = container.network_of in {each.id for each in store.containers}
        return (beside and port == store.port) or (container.on_the_host and port in store.published)
    the_host = host in _THE_HOST or address in (*_THE_HOST, "host-gateway")
    return the_host and port is not None and port in store.published


def is_replica(store: Store, container: Found) -> bool:
    """True if it is itself a database of the store's kind: a standby that follows it is not a user."""
    mine = kind_of(container)
    return mine is not None and any(kind_of(each) == mine for each in store.containers)
