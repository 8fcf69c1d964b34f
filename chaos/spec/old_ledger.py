"""Target files of the time when a target had one `readback` and one `cleanup`, refused with the new keys."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from chaos.spec.broken import BrokenRule

OLD = (
    'is now `ledger: {key: "{seq}", payload: JSONPATH, read: {list: PATH, keys: JSONPATH, page: {after: key}}, '
    "remove: {path: PATH}}` of the route: docs/own-service.md"
)


def not_old(given: Any) -> Any:
    """Refuse `ledger: true` with the new keys."""
    if isinstance(given, bool):
        raise ValueError(OLD)
    return given


def of_old_file(given: Any) -> Iterator[BrokenRule]:
    """One rule about a target file of the time when a target had one `readback` and one `cleanup`."""
    if not isinstance(given, dict):
        return
    routes = given.get("routes")
    old = [
        ("routes", name, "ledger")
        for name, route in (routes.items() if isinstance(routes, dict) else ())
        if isinstance(route, dict) and isinstance(route.get("ledger"), bool)
    ]
    places: list[tuple[str, ...]] = [*old, *((key,) for key in ("readback", "cleanup") if key in given)]
    if places:
        yield BrokenRule(OLD, *places[0])
