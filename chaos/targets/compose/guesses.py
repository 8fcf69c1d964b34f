"""Guess which service has which role, for a first target file. A run never guesses."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from chaos.engine.projects import Found
from chaos.targets.compose.kinds import POSTGRESQL, Kind, is_toxiproxy, kind_of
from chaos.targets.compose.stores import OURS, Store, users_of

log = logging.getLogger(__name__)

CAPITALS = "SERVICE"


def databases(there: Sequence[Found]) -> dict[str, Kind]:
    """The kind of each service that looks like a database, PostgreSQL first."""
    found = {each.service: kind for each in there if (kind := kind_of(each)) is not None}
    return dict(sorted(found.items(), key=lambda each: each[1].name != POSTGRESQL))


def database(there: Sequence[Found]) -> str | None:
    """The likely database: the only one, or the only PostgreSQL."""
    found = databases(there)
    main = [name for name, kind in found.items() if kind.name == POSTGRESQL] or [
        name for name, kind in found.items() if kind.name == "mysql"
    ]
    chosen = main or list(found)
    return chosen[0] if len(chosen) == 1 else None


def store(there: Sequence[Found], service: str, port: int | None = None, proxy: str = "database") -> Store:
    """A service as a store; without a `port`, its kind's default or the only one it declares."""
    mine = tuple(each for each in there if each.service == service)
    if not mine:  # a host outside the project
        return Store(proxy, service, port or 0, ())
    kind = kind_of(mine[0])
    declared = sorted(mine[0].exposed)
    chosen = port or (kind.port if kind else declared[0] if len(declared) == 1 else 0)
    return Store(proxy, service, chosen, mine)


def proxy(there: Sequence[Found]) -> str | None:
    alike = list(dict.fromkeys(each.service for each in there if is_toxiproxy(each)))
    return alike[0] if len(alike) == 1 else None


def roles(there: Sequence[Found]) -> dict[str, str]:
    """Service by role, if there is exactly one candidate."""
    found = {"database": database(there), "proxy": proxy(there)}
    guessed = {role: service for role, service in found.items() if service is not None}
    users = _users(there, guessed.get("database"))
    front = [
        each.service
        for each in there
        if each.ports and each.service not in (*databases(there), *guessed.values(), *OURS)
    ]
    enters = [name for name in dict.fromkeys(front) if name not in users] or list(dict.fromkeys(front))
    holds = [name for name in users if name in ("api", "web", "app", "backend", "server")] or users
    if len(holds) == 1 or (holds and holds[0] == "api"):
        guessed["api"] = holds[0]
    elif not users and len(enters) == 1:
        guessed["api"] = enters[0]
    if len(enters) == 1 and enters[0] != guessed.get("api"):
        guessed["entry"] = enters[0]
    log.debug("database candidates %s; its users %s; publishing %s", list(databases(there)), users, front)
    log.debug("guessed roles: %s", guessed)
    return guessed


def _users(there: Sequence[Found], service: str | None) -> list[str]:
    if service is None:
        return []
    return [user.service for user in users_of(store(there, service), there, {}) if user.names or user.past]


def target_file(project: str, there: Sequence[Found]) -> dict[str, Any]:
    """A target file's document, with capitals where values must be filled in."""
    found = roles(there)
    options: dict[str, Any] = {"project": project, "api": {"service": found.get("api", CAPITALS)}}
    options |= {role: {"service": service} for role, service in found.items() if role != "api"}
    if "database" in found and databases(there)[found["database"]].name != POSTGRESQL:
        options["database"] |= {"kind": "other", "port": databases(there)[found["database"]].port}
    if "entry" in found:
        ports = sorted(next(each.ports for each in there if each.service == found["entry"] and each.ports))
        options["entry"] |= {"port": ports[0]} if len(ports) > 1 else {}
    return {
        "name": project.lower(),
        "driver": "compose",
        "consent": {"owner": "WHO AGREED", "until": "DATE"},
        "ready": "/",
        "routes": {"read": {"path": "/"}},
        "options": options,
    }
