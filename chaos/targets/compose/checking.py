"""Check that the services' sessions really go through the proxy: a service that bypasses it feels no fault there."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from chaos.engine.projects import Found, Owner
from chaos.errors import ControlError, ToolMissing, UsageError
from chaos.path.sight import Unseen
from chaos.plugin.handles import EngineAt
from chaos.targets.compose import sessions
from chaos.targets.compose.sessions import Sessions
from chaos.targets.compose.stores import OURS, Store, User, is_replica, users_of

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Path:
    """The sessions seen with one store."""

    store: Store
    proxy: str  # the service of the proxy
    sessions: Sessions
    past: Mapping[str, int]  # sessions that bypass the proxy without permission, by `service (container)`
    api: Collection[str]  # services whose sessions must be there
    lacking: tuple[str, str] | None  # why it is not the API's path, and the remedy

    @property
    def is_seen(self) -> bool:
        """True if the API's own sessions are there."""
        return not self.api or any(
            self.sessions.owners[id].service in self.api for id in self.sessions.through
        )

    @property
    def told(self) -> str:
        """Sessions through the proxy, as text."""
        by_service: dict[str, int] = {}
        for id, count in self.sessions.through.items():
            name = _named(self.sessions.owners[id])
            by_service[name] = by_service.get(name, 0) + count
        there = ", ".join(f"{count} of {name}" for name, count in sorted(by_service.items()))
        return f"{there or 'no session yet'} through {self.proxy}"

    def wrong(self, project: str) -> tuple[str, str] | None:
        """Why it is not the services' path, naming those that bypass it, and the remedy; None if it is."""
        if self.past:
            who = ", ".join(f"{name}: {count}" for name, count in self.past.items())
            return (
                f"sessions with {self.store.service}:{self.store.port} bypass {self.proxy} ({who})",
                f"run: midnight target wire compose:{project}, and bring the project up with its output; list a"
                " service that may bypass it under options: proxy: past",
            )
        return self.lacking

    def refuse(self, project: str) -> None:
        """Raises UsageError if it is not."""
        if wrong := self.wrong(project):
            raise UsageError(f"proxy: {'; '.join(wrong)}")


def check(
    at: EngineAt,
    store: Store,
    proxy: Found,
    listen: int,
    there: Sequence[Found],
    *,
    api: Collection[str] = (),
    may: Collection[str] = (),
    patience: float = sessions.PATIENCE,
) -> Path:
    """Watch the sessions with a store, for at most `patience` seconds. `api`: the services that hold the pool, none
    if it need not be theirs; `may`: those that may bypass the proxy. Raises UsageError if sessions cannot be seen.
    """
    replicas = {each.id for each in there if is_replica(store, each)}
    mine = {each.id for each in there}

    def allowed(owner: Owner) -> bool:
        theirs = owner.id in mine and owner.service not in may and owner.id not in replicas
        return owner.one_off or not theirs

    users = users_of(store, there, {})
    clients = [] if store.containers else _clients(there, proxy)
    try:
        seen = sessions.look(at, store, proxy, listen, allowed, patience, clients)
    except (Unseen, ControlError, ToolMissing) as error:
        raise UsageError(f"proxy: its sessions cannot be seen: {error}") from None
    past = {
        _labelled(seen.owners[id]): count for id, count in seen.past.items() if not allowed(seen.owners[id])
    }
    past |= _from_outside(seen, users, may)
    log.debug(
        "sessions with %s: through %s: %s; bypassing it: %s; from outside: %s",
        *(store.service, proxy.service, dict(seen.through), past, dict(seen.outside)),
    )
    return Path(store, proxy.service, seen, past, api, _lacking(seen, proxy, there, users, api))


def _clients(there: Sequence[Found], proxy: Found) -> list[Found]:
    """Containers that may have sessions with a store outside the project: each with a network of its own."""
    return [
        each
        for each in there
        if each.runs
        and each.id != proxy.id
        and each.service not in OURS
        and not each.on_the_host
        and each.network_of is None
    ]


def _from_outside(seen: Sessions, users: Sequence[User], may: Collection[str]) -> dict[str, int]:
    """Sessions of services that arrive through a port of the machine or its own network: they have no address of
    their own to distinguish them.
    """
    suspects = [user.service for user in users if user.past and user.service not in may]
    count = sum(seen.outside.values())
    return (
        {f"{' or '.join(suspects)}, by way of {', '.join(seen.outside)}": count} if count and suspects else {}
    )


def _lacking(
    seen: Sessions, proxy: Found, there: Sequence[Found], users: Sequence[User], api: Collection[str]
) -> tuple[str, str] | None:
    """Why it cannot be the API's path: it has no session there, is not wired, and its settings name no store that it
    could use. A pool that opens later is not a reason.
    """
    through = {seen.owners[id].service for id in seen.through}
    if not api or through & set(api) or not (through or seen.outside):
        return None
    wired = {each.service for each in there if proxy.name in {container for container, _ in each.links}}
    if (wired | {user.service for user in users}) & set(api):
        return None
    others = ", ".join(sorted(through)) or ", ".join(seen.outside)
    return (
        f"no session of {', '.join(api)} comes through {proxy.service}, and its settings name no database; those of"
        f" {others} do",
        "name the holder of the pool under `api`, and where the load enters under `entry`",
    )


def _named(owner: Owner) -> str:
    return owner.service or owner.container


def _labelled(owner: Owner) -> str:
    return f"{_named(owner)} ({owner.container})"
