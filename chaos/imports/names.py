"""Names of imported routes, and of the files they go into."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

from chaos.imports.imported import ImportedRoute

_LONGEST = 50  # characters, so that a number fits behind


def of_routes(routes: Iterable[ImportedRoute], taken: Collection[str] = ()) -> dict[str, ImportedRoute]:
    """A name for each route: method and path in words, numbered where that is not unique."""
    found: dict[str, ImportedRoute] = {}
    for route in routes:
        method, path, operation = route.identity
        base = of_text(f"{method}-{path.partition('?')[0]}-{operation}", "get")
        number, name = 1, base
        while name in found or name in taken:
            number += 1
            name = f"{base}-{number}"
        found[name] = route
    return found


def of_text(text: str, otherwise: str) -> str:
    """A name that files allow, made of the words of a text."""
    words = re.sub(r"%[0-9A-Fa-f]{2}", "-", text).lower()
    found = re.sub(r"[^a-z0-9]+", "-", words).strip("-")[:_LONGEST].strip("-")
    return found if re.match(r"[a-z]", found) else f"{otherwise}-{found}".strip("-")
