"""What a recording holds, whatever its kind."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from chaos.imports import graphql
from chaos.spec import templates

BODIES = ("json", "form", "file", "body")
NO_BODY = ("HEAD", "TRACE")


@dataclass(frozen=True, slots=True)
class Request:
    """What a request carries, as a route of a target file says it; braces of recorded text are doubled."""

    query: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, Any] = field(default_factory=dict)
    cookies: Mapping[str, Any] = field(default_factory=dict)
    body: Mapping[str, Any] = field(default_factory=dict)  # its keys are of BODIES


@dataclass(frozen=True, slots=True)
class ImportedRoute:
    method: str
    path: str
    weight: float = 1
    items: int = 1
    request: Request = Request()
    statuses: tuple[int, ...] = ()  # of good answers; none: any 2xx
    contains: tuple[str, ...] = ()
    timeout: float | None = None  # seconds
    notes: tuple[str, ...] = ()
    off: str = ""  # why the route is written as a comment
    ledger: Mapping[str, Any] = field(default_factory=dict)  # no recording has one: `init` guesses it

    @property
    def key(self) -> tuple[str, str]:
        return self.method, self.path

    @property
    def identity(self) -> tuple[str, str, str]:
        """Method, path, and the operation if it is one of GraphQL."""
        return *self.key, graphql.operation(self.request.query, self.request.body.get("json"))


@dataclass(frozen=True, slots=True)
class Rate:
    per_second: float
    because: str  # such as the hour it was measured in


@dataclass(frozen=True, slots=True)
class Imported:
    kind: str
    file: str
    routes: tuple[ImportedRoute, ...]
    base_url: str | None = None
    night: Rate | None = None
    day: Rate | None = None
    hours: tuple[Rate, ...] = ()  # each hour on record
    secrets: Mapping[str, str] = field(default_factory=dict)  # environment variable -> where it is used
    left_out: tuple[str, ...] = ()  # what, and how often
    notes: tuple[str, ...] = ()


def variables(given: object) -> set[str]:
    """The environment variables that a value of a request refers to."""
    if isinstance(given, Mapping):
        own = (
            {given["env"]}
            if isinstance(given.get("env"), str) and set(given) <= {"env", "prefix"}
            else set[str]()
        )
        return own.union(*map(variables, given.values()))
    return set[str]().union(*map(variables, given)) if isinstance(given, list) else set()


def secrets_of(imported: Imported, routes: Iterable[ImportedRoute]) -> dict[str, str]:
    """The variables that these routes use, and where."""
    used = set[str]()
    for each in routes:
        request = each.request
        used |= variables([request.query, request.headers, request.cookies, request.body])
    return {name: where for name, where in imported.secrets.items() if name in used}


def counted(number: int, what: str) -> str:
    """`1 route`, `2 routes`"""
    return f"{number:,} {what}{'s' * (number != 1)}"


def one_line(text: str, longest: int = 200) -> str:
    """Fit for a comment of YAML, or for the terminal."""
    shown = "".join(char if char.isprintable() else "?" for char in text[: longest + 1])
    return shown if len(shown) <= longest else f"{shown[: longest - 3]}..."


def literal(text: str) -> str:
    """A template that is filled in as exactly this text; half characters, which cannot be sent, become `?`."""
    return templates.escaped(text.encode(errors="replace").decode())
