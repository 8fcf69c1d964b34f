"""What runs or waits: native threads, greenlets, asyncio tasks."""

from __future__ import annotations

import sys
from _thread import get_ident
from types import CodeType
from typing import Any, Iterable

from . import places
from .groups import Groups

_AWAITED = ("cr_await", "gi_yieldfrom", "ag_await")
_FRAMES = ("cr_frame", "gi_frame", "ag_frame")


def threads() -> list[dict[str, Any]]:
    """All but the one that takes the census."""
    groups = Groups()
    for ident, frame in sys._current_frames().items():
        if ident != get_ident():
            groups.add("thread", places.standing(frame))
    return groups.listed()


def greenlets(kinds: Iterable[type]) -> set[type]:
    """Those of the kinds that are greenlets."""
    return _below(kinds, "greenlet", "greenlet")


def tasks(kinds: Iterable[type]) -> set[type]:
    return _below(kinds, "asyncio", "Task")


def _below(kinds: Iterable[type], module: str, name: str) -> set[type]:
    base = getattr(sys.modules.get(module), name, None)
    return {kind for kind in kinds if issubclass(kind, base)} if isinstance(base, type) else set()


def by_spawning(found: Iterable[Any]) -> list[dict[str, Any]]:
    """Live greenlets by where they were spawned; by their current line if that is unknown, as of raw ones."""
    groups = Groups()
    for each in found:
        current = places.standing(each.gr_frame)
        spawned = places.standing(getattr(each, "spawning_stack", None))
        groups.add(type(each).__name__, spawned or current, current=current if spawned else ())
    return groups.listed()


def by_waiting(found: Iterable[Any]) -> list[dict[str, Any]]:
    """Unfinished tasks by the lines that they await at, innermost first."""
    groups = Groups()
    for task in found:
        lines: list[str] = []
        coroutine = task.get_coro()
        place = _begins(coroutine)
        while coroutine is not None and len(lines) < places.FRAMES:
            frame = _first(coroutine, _FRAMES)
            if frame is not None:
                lines.append(places.place(frame.f_code, frame.f_lineno or 0))
            coroutine = _first(coroutine, _AWAITED)
        groups.add("task of " + place, lines[::-1] or [place])
    return groups.listed()


def _begins(coroutine: Any) -> str:
    code = _first(coroutine, ("cr_code", "gi_code", "ag_code"))
    if not isinstance(code, CodeType):
        return str(getattr(coroutine, "__qualname__", type(coroutine).__name__))
    return places.place(code, code.co_firstlineno)


def _first(thing: Any, names: Iterable[str]) -> Any:
    for name in names:
        found = getattr(thing, name, None)
        if found is not None:
            return found
    return None
