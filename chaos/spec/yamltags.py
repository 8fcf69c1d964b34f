"""Places in a document, as the file's author knows them."""

from __future__ import annotations

from typing import Any


def without_tags(document: Any, place: tuple[int | str, ...]) -> tuple[int | str, ...]:
    """Strip from the place what pydantic adds for unions."""
    kept: list[int | str] = []
    node = document
    for number, key in enumerate(place):
        is_last = number == len(place) - 1
        if isinstance(key, int) or (isinstance(node, dict) and (key in node or is_last)):
            kept.append(key)
            node = _child(node, key)
    return tuple(kept)


def _child(node: Any, key: int | str) -> Any:
    try:
        return node[key]
    except (KeyError, IndexError, TypeError):
        return None
