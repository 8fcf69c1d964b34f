"""What grew between two quiet points, over all processes of a role, and which of it explains a resource."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from chaos.checks.leaks.growth import Growth
from chaos.checks.leaks.resources import is_placed
from chaos.record.events import Grown
from chaos.spec.leak_limits import MEMORY
from chaos.spec.units import show_seconds

Document = Mapping[str, Any]

MOST = 40
"""Rows kept: what grew the most comes first."""

SHOWN = 5
"""Rows shown of one resource."""


def by_level(rows: Iterable[Document]) -> dict[int, list[dict[str, Any]]]:
    """Rows of several processes by the level that found them. Equal ones are one: each worker leaks at one line."""
    found: dict[int, dict[tuple[str, str, str], dict[str, Any]]] = {}
    for row in rows:
        of_level = found.setdefault(int(row["level"]), {})
        key = _key(row)
        if key in of_level:
            of_level[key]["count"] += row["count"]
        else:
            of_level[key] = {
                name: value for name, value in row.items() if name not in ("held", "fds", "pid", "level")
            }
    return {level: sorted(each.values(), key=_count)[:MOST] for level, each in found.items()}


def of_sessions(before: Sequence[Document], after: Sequence[Document]) -> list[dict[str, Any]]:
    """The sessions that are new, by state and last query, with the one that has been longest in its state; `before` and
    `after` as `census.sessions` has them."""
    known = {each["pid"] for each in before}
    fresh: dict[tuple[str, str], list[Document]] = {}
    for each in after:
        if each["pid"] not in known:
            fresh.setdefault((str(each["state"]), str(each["query"])), []).append(each)
    return [
        {
            "resource": f"sessions:{state}",
            "count": len(found),
            "what": f"last query: {query or 'none yet'}{_longest(found)}",
            "level": 1,
        }
        for (state, query), found in fresh.items()
    ]


def _longest(sessions: Sequence[Document]) -> str:
    """`; for up to 24 s, held by process 4711, descriptor 14`."""
    longest = max(sessions, key=lambda each: each.get("age") or 0.0)
    age, holder = longest.get("age"), longest.get("holder")
    said = "" if age is None else f"; for up to {show_seconds(round(age, 1))}"
    if holder is None:
        return said
    descriptor = "" if holder["fd"] is None else f", descriptor {holder['fd']}"
    return f"{said}, held by process {holder['pid']}{descriptor}"


ABOUT: Mapping[str, tuple[str, ...]] = {
    "descriptors:socket": ("sockets", "descriptors:socket", "forgotten"),
    "descriptors:file": ("descriptors", "descriptors:file", "forgotten"),
    "descriptors:deleted": ("descriptors", "descriptors:deleted", "forgotten"),
    "objects": (
        "entries",
        "greenlets",
        "tasks",
        "sessions",
        "forgotten",
        "descriptors",
        "sockets",
        *(f"descriptors:{kind}" for kind in ("file", "deleted", "pipe", "socket")),
    ),
    MEMORY: ("entries", "greenlets", "tasks", "sessions"),
}
"""The resources of rows that explain the growth of one; of any other, those of its own kind."""


def family(resource: str) -> str:
    """What counts the same things: the sockets of a place are part of `descriptors:socket`."""
    kind = resource.partition(":")[0]
    if is_placed(resource):
        return {"sockets": "descriptors:socket", "descriptors": "descriptors:file"}.get(kind, kind)
    return resource if kind == "descriptors" else kind


def explaining(growth: Growth, events: Sequence[Grown], routes: Sequence[str]) -> list[dict[str, Any]]:
    """The rows that explain a growth, by the strongest level that has any, the likeliest first. What grows by the clock
    does so in the rounds of each of the `routes`: a row of fewer of them is theirs."""
    kind = growth.resource.partition(":")[0]
    about = ABOUT.get(family(growth.resource)) or ABOUT.get(kind, ())
    of_route = [each for each in events if growth.route in (None, each.name)]
    for event in sorted(of_route, key=lambda each: (each.level, each.times), reverse=True):
        rows = [
            row
            for row in event.found
            if row["resource"] in about or (not about and str(row["resource"]).partition(":")[0] == kind)
        ]
        if growth.route is None:
            rows = [row for row in rows if kind != MEMORY and _in_all(row, events, routes)]
        if rows:
            likeliest = sorted(rows, key=lambda row: (-_alike(growth.resource, row), -int(row["count"])))
            return [{**row, "level": event.level} for row in likeliest[:SHOWN]]
    return []


def _in_all(row: Document, events: Sequence[Grown], routes: Sequence[str]) -> bool:
    """True if the row's place or name grew in the rounds of every route; one route alone does not tell."""
    grew = {event.name for event in events if any(_key(other) == _key(row) for other in event.found)}
    return len(routes) > 1 and grew.issuperset(routes)


def _key(row: Document) -> tuple[str, str, str]:
    return str(row["resource"]), str(row.get("what", "")), str(row.get("place", ""))


def _alike(resource: str, row: Document) -> int:
    """How many words of a gauge such as `context_entries` are in the holder's name: several maps may grow alike."""
    words = set(resource.partition(":")[2].split("_")) - {"entries", ""}
    holder = str(row.get("holder", "")).lower()
    return sum(word in holder for word in words)


def _count(row: Document) -> int:
    return -int(row["count"])
