"""Proxies between a service and its stores: those of a Toxiproxy, and those that midnight could start."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress

from chaos.access import allowlist
from chaos.errors import MidnightError
from chaos.first_target.draft import Item
from chaos.first_target.variables import Address
from chaos.imports import names, writing
from chaos.toxiproxy import ProxyInfo, Toxiproxy

Store = tuple[str, int, str]
"""Host, port and kind."""

Proxied = tuple[str, ProxyInfo]
"""A proxy, and the address of its server."""

_TOXIPROXY = "http://127.0.0.1:8474"
_SPOKEN = {"postgresql": "postgres", "pgbouncer": "postgres", "mysql": "mysql", "redis": "redis"}
"""The `kind` of a proxy in front of a store: on another port than the usual one it could not be guessed."""

_SQL = ("postgresql", "mysql", "pgbouncer")
_APART = 10_000  # from the store's port to the proxy's
_HOW = (
    "For faults in between, uncomment this and type `midnight stack up --target THIS FILE`: that starts"
    " a proxy and prints the one setting to change (docs/attach.md#a-proxy-that-midnight-starts)."
)


def there() -> list[Proxied]:
    """The proxies of a Toxiproxy on this machine, with its address."""
    url = os.environ.get("TOXIPROXY_URL", _TOXIPROXY)
    with suppress(MidnightError, ValueError):
        server = Toxiproxy(url)
        return [(server.url, info) for info in server.proxies().values()]
    return []


def through(proxies: Sequence[Proxied], ports: Sequence[int]) -> dict[int, Proxied]:
    """Proxies by the port on which they listen, of those that the service connects to."""
    found = {int(each[1].listen.rpartition(":")[2] or 0): each for each in proxies}
    return {port: each for port, each in found.items() if port in ports}


def items(
    proxied: Mapping[int, Proxied], found: Sequence[Address], open_to: Sequence[Store], whose: str
) -> Iterator[Item]:
    """The proxies that are there, and a proposal for each store that has none."""
    for number, (port, (url, info)) in enumerate(proxied.items()):
        name = "database" if number == 0 else names.of_text(info.name, "proxy")
        yield Item(
            f"The service connects to port {port}, where this proxy listens; it leads to {info.upstream}.",
            (f"{name}: {{api: {writing.value(url)}, name: {writing.value(info.name)}}}",),
        )
    for each in found:
        if each.kind.startswith("http"):
            yield Item(
                f"{each.variable} in {whose} leads to a service at {each.at}: a route that calls it has"
                " `role: outbound`."
            )
    stores = list(_bare(proxied, found, open_to, whose))
    taken = ["database"] if proxied else []
    for (host, port, kind), seen in stores:
        name = "database" if kind in _SQL and "database" not in taken else names.of_text(kind, "store")
        yield _proposed(_numbered(name, taken), host, port, kind, seen)
    if not stores and not proxied:
        yield _proposed("database", "127.0.0.1", 5432, "", "No store of the service is known by its address")


def _bare(
    proxied: Mapping[int, Proxied], found: Sequence[Address], open_to: Sequence[Store], whose: str
) -> Iterator[tuple[Store, str]]:
    """The stores that are reached without a proxy, and how each was seen."""
    ports = set(proxied)
    for each in found:
        if not each.kind.startswith("http") and each.port not in ports:
            seen = f"{each.variable} in {whose} leads to {each.kind} at {each.at}"
            ports |= {each.port} if each.port and each.here else set()
            yield (_reached(each), each.port, each.kind), seen
    for host, port, kind in open_to:
        if port not in ports:
            ports.add(port)
            yield (host, port, kind), f"The service has connections to {kind} at {host}:{port}"


def _reached(each: Address) -> str:
    """Its host; this machine for a socket, which no proxy can stand in front of."""
    return "127.0.0.1" if each.here and each.host[:1] in ("", "/") else each.host


def _numbered(name: str, taken: list[str]) -> str:
    number, found = 1, name
    while found in taken:
        number += 1
        found = f"{name}-{number}"
    taken.append(found)
    return found


def _proposed(name: str, host: str, port: int, kind: str, seen: str) -> Item:
    if not port or "," in host:
        upstream, listen, foreign = "HOST:PORT", "127.0.0.1:15432", False
    else:
        shown = f"[{host}]" if ":" in host else host
        near = port + _APART if port + _APART <= 65535 else port - _APART
        upstream, listen, foreign = f"{shown}:{port}", f"127.0.0.1:{near}", allowlist.is_foreign(host, ())
    allow = f" That is not this machine: with its owner's consent, add `allow: [{host}]`." if foreign else ""
    given = {"upstream": upstream, "listen": listen}
    if kind in _SPOKEN:
        given["kind"] = _SPOKEN[kind]
    line = f"{name}: {writing.value(given)}"
    return Item(f"{seen}. {_HOW}{allow}", (line,), on=False)
