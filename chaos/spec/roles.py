"""Roles of routes. An experiment asks for roles, so that it plays on any target, whatever its routes are called."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Protocol, get_args

Role = Literal["read", "write", "outbound"]
ROLES: tuple[Role, ...] = get_args(Role)

_READING = frozenset({"GET", "HEAD", "OPTIONS", "QUERY", "PROPFIND", "REPORT", "SEARCH", "TRACE"})


class Played(Protocol):
    """A route, as far as its role depends on it."""

    @property
    def played_as(self) -> Role: ...


@dataclass(frozen=True, slots=True)
class Shares:
    """A mix by route: weights of routes, the routes of each name that was asked for, and the roles without one."""

    mix: Mapping[str, float]
    routes: Mapping[str, tuple[str, ...]]
    missing: tuple[Role, ...]


def guessed(method: str, *, ledger: bool) -> Role:
    """The role of a route that does not state its own. `outbound` is never guessed."""
    return "read" if method.upper() in _READING and not ledger else "write"


def named(asked: str, routes: Mapping[str, Played]) -> tuple[str, ...]:
    """The routes that a name in an experiment means: the route of that name, else all of that role."""
    if asked in routes:
        return (asked,)
    return tuple(name for name, route in routes.items() if route.played_as == asked)


def shared(mix: Mapping[str, float], routes: Mapping[str, Played], *, whole: bool = False) -> Shares:
    """Split the weight of each role evenly over its routes; with `whole`, each gets all of it. A name that is neither
    a route nor a role keeps its weight, so that it is refused as what it is."""
    found: dict[str, float] = {}
    stand_for: dict[str, tuple[str, ...]] = {}
    missing: list[Role] = []
    for asked, weight in mix.items():
        each = named(asked, routes)
        if not each and (role := next((role for role in ROLES if role == asked), None)):
            missing.append(role)
            continue
        stand_for[asked] = each or (asked,)
        for name in stand_for[asked]:
            found[name] = weight if whole else found.get(name, 0.0) + weight / len(stand_for[asked])
    return Shares(found, stand_for, tuple(missing))
