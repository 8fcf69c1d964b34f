"""Generate the override for a project as it is now: stores, their users and networks."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from chaos import engine
from chaos.engine.projects import Found
from chaos.errors import ControlError, ToolMissing, UsageError
from chaos.host.ports import free_port
from chaos.path.sight import Unseen
from chaos.plugin.handles import EngineAt
from chaos.targets.compose import absent, guesses, networks, sessions, wiring
from chaos.targets.compose.kinds import is_toxiproxy
from chaos.targets.compose.overrides import PROXY, Override
from chaos.targets.compose.sessions import Sessions
from chaos.targets.compose.stores import OURS, Store, User, users_of
from chaos.tools import docker_images


def wire(
    at: EngineAt,
    project: str,
    there: Sequence[Found],
    stores: Sequence[str],
    named: Collection[str],
    leave: Collection[str],
    proxy_image: str | None,
) -> Override:
    """`stores`: SERVICE or SERVICE:PORT, the database first; `named`: services that use it regardless of their
    settings; `leave`: services to leave unchanged. Raises UsageError, ToolMissing.
    """
    with engine.connected(at) as client:
        docker_images.need_reference(client)  # the keeper of the proxy's settings runs in it
    everything = [*there, *absent.services(list(there))]
    used = [(store, _users(at, store, everything, named, leave)) for store in _stores(there, stores)]
    _refuse_another(used)
    by_id = {each.id: each for each in there}
    with engine.connected(at) as client:
        met = {name for store, users in used for name in networks.meeting(store, users, by_id)}
        joined = networks.join(client, project, sorted(met))
    ports = _ports(there, [store for store, _ in used])
    wired = wiring.plan(used, there, ports)
    left = tuple(f"{service} is not wired: {why}" for service, each in wired.items() for why in each.left)
    document = wiring.override(used, wired, ports, joined, proxy_image)
    return Override(frozenset({PROXY}), document, (*_told(used), *left), left)


def _stores(there: Sequence[Found], wanted: Sequence[str]) -> list[Store]:
    found: list[Store] = []
    for text in wanted:
        service, _, port = text.partition(":")
        if not port and not any(each.service == service for each in there):
            known = ", ".join(sorted({each.service for each in there}))
            raise UsageError(
                f"the project has no container of service {service!r}; it has {known}; a database outside it is"
                " given as HOST:PORT"
            )
        if port and not (port.isdigit() and 0 < int(port) < 65536):
            raise UsageError(f"{text}: must be SERVICE or SERVICE:PORT")
        store = guesses.store(there, service, int(port) if port else None, service if found else "database")
        if not store.port:
            raise UsageError(f"the port of {service!r} is unknown: give {service}:PORT")
        if clash := [each.service for each in found if each.port == store.port]:
            raise UsageError(
                f"{clash[0]} and {service} both listen on {store.port}, and one proxy cannot distinguish them:"
                " wire one of them"
            )
        found.append(store)
    return found


def _users(
    at: EngineAt, store: Store, there: Sequence[Found], named: Collection[str], leave: Collection[str]
) -> list[User]:
    """Raises UsageError if no service uses it, or a named one does not exist."""
    try:
        watched = any(each.runs for each in store.containers)
        seen = sessions.look(at, store, None, 0, lambda _: True) if watched else Sessions()
    except (Unseen, ControlError, ToolMissing) as error:
        raise UsageError(f"the sessions with {store.service} cannot be seen: {error}") from None
    found = {user.service: user for user in users_of(store, there, seen.past)}
    for service in named:
        mine = tuple(each for each in there if each.service == service)
        if not mine:
            raise UsageError(f"the project has no service {service!r}")
        found.setdefault(service, User(service, containers=mine))
    kept = [user for user in found.values() if user.service not in leave]
    if not kept:
        raise UsageError(
            f"no service of the project has {store.service}:{store.port} in its settings, or a session with it;"
            " name the services that use it with --service"
        )
    return kept


def _refuse_another(used: Sequence[tuple[Store, Sequence[User]]]) -> None:
    """Raises UsageError if a Toxiproxy of the project already leads there: two would hide each other."""
    for store, users in used:
        for user in users:
            if user.service not in OURS and any(is_toxiproxy(each) for each in user.containers):
                raise UsageError(
                    f"service {user.service!r} is already a Toxiproxy in front of {store.service}: name it in the"
                    f" target file, options: proxy: {{service: {user.service}}}, or skip it with --leave {user.service}"
                )


def _ports(there: Sequence[Found], stores: Sequence[Store]) -> dict[str, int]:
    """Free ports of this machine; an existing proxy keeps its own."""
    mine = next((each.ports for each in there if each.service == wiring.PROXY), {})
    wanted = {"control": 8474, **{store.proxy: store.port for store in stores}}
    return {name: mine[port][1] if port in mine else free_port() for name, port in wanted.items()}


def _told(used: Sequence[tuple[Store, Sequence[User]]]) -> list[str]:
    return [
        f"{store.service}:{store.port} is used by {user.service} ({user.because})"
        for store, users in used
        for user in users
    ]
