"""Things that came from the same place, counted."""

from __future__ import annotations

from typing import Any, Sequence, Union

from . import places
from .places import Stack

_MOST = 100  # groups in a document, largest first
_NUMBERS = 5

Lines = Union[Stack, Sequence[str], None]


class Groups:
    def __init__(self) -> None:
        self._groups: dict[tuple[object, ...], dict[str, Any]] = {}
        self._kept: list[Lines] = []  # else an id could be another stack's

    def add(
        self,
        kind: str,
        stack: Lines,
        count: int = 1,
        current: Sequence[str] = (),
        number: int | None = None,
        **more: Any,
    ) -> None:
        """`current`: the line it is at now, if `stack` says where it came from. Of `more`, the latest is kept."""
        key = (kind, _identity(stack), tuple(current))
        group = self._groups.get(key)
        if group is None:
            self._kept.append(stack)
            group = self._groups[key] = {"count": 0, "kind": kind, "stack": _text(stack)}
        group["count"] += count
        group.update(more)
        if current:
            group["current"] = list(current)
        if number is not None and len(group.setdefault("fds", [])) < _NUMBERS:
            group["fds"].append(number)

    def listed(self) -> list[dict[str, Any]]:
        return sorted(self._groups.values(), key=lambda group: -int(group["count"]))[:_MOST]


def _identity(stack: Any) -> object:
    if not stack:
        return None
    return tuple(stack) if isinstance(stack[0], str) else id(stack)  # the hash of a code object is slow


def _text(stack: Any) -> list[str]:
    if not stack:
        return []
    return list(stack) if isinstance(stack[0], str) else places.lines_of(stack)
