"""Describe a project: its services, what a run can reach, and the sessions with stores behind a proxy."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from chaos.engine.projects import Found
from chaos.plugin.handles import EngineAt
from chaos.targets.compose import checking, guesses, proxies
from chaos.targets.compose.checking import Path
from chaos.targets.compose.kinds import kind_of
from chaos.targets.compose.options import ComposeOptions, ProxyRole
from chaos.targets.compose.stores import OURS, Store, User, users_of


def containers(there: Sequence[Found], options: ComposeOptions | None) -> Iterator[str]:
    """Each container with its roles, ports, networks, volumes and the stores it uses."""
    roles = options.services() if options is not None else {}
    users = _users(there, options)
    for found in there:
        mine = ", ".join(role for role, services in roles.items() if found.service in services)
        kind = kind_of(found)
        yield (
            f"{found.service}  {found.name}  {found.image}  {found.status}"
            + (f"  role: {mine}" if mine else "")
            + (f"  looks like: {kind.name}" if kind is not None else "")
        )
        if found.protected:
            yield "  midnight.protect=true: it is never touched"
        for inside, (ip, out) in sorted(found.ports.items()):
            yield f"  port {inside} is published on {ip or '*'}:{out}"
        for network, aliases in found.networks.items():
            yield f"  network {network} as {', '.join(aliases)}"
        for place, volume in found.volumes.items():
            yield f"  volume {place} ({volume})"
        for service, user in users.items():
            if any(each.service == found.service for each in user):
                yield f"  uses {service} ({', '.join(each.because for each in user if each.service == found.service)})"


def paths(at: EngineAt, there: Sequence[Found], options: ComposeOptions | None) -> list[Path]:
    """The sessions with every store of the project that a Toxiproxy in it leads to. Raises UsageError."""
    role = options.proxy if options is not None else None
    service = role.service if role is not None else guesses.proxy(there)
    proxy = next((each for each in there if each.service == service and each.runs), None)
    if proxy is None:
        return []
    control = (role or ProxyRole(service=proxy.service)).control
    found = []
    for info in proxies.proxies_of(proxy, control)[1].values():
        store = proxies.store_behind(info.name, info.upstream, there)
        may = role.past if role is not None else ()
        found.append(
            checking.check(at, store, proxy, proxies.port_of(info), there, api=_api(options, store), may=may)
        )
    return found


def _api(options: ComposeOptions | None, store: Store) -> tuple[str, ...]:
    """The services that must hold a pool with the store, by the target file."""
    if options is None or options.database is None:
        return ()
    return options.api.service if options.database.service in (None, store.service) else ()


def _users(there: Sequence[Found], options: ComposeOptions | None) -> dict[str, list[User]]:
    """The users of each database, by their settings."""
    services = list(guesses.databases(there))
    if options is not None and options.database is not None and options.database.service:
        services.append(options.database.service)
    return {
        service: [
            user for user in users_of(guesses.store(there, service), there, {}) if user.service not in OURS
        ]
        for service in dict.fromkeys(services)
        if any(each.service == service for each in there)
    }
