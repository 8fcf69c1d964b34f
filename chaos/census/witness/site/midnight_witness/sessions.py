"""Connections that SQLAlchemy's pools have handed out, with the stack of their checkout."""

from __future__ import annotations

import sys
from typing import Any, Iterable

from . import places
from .groups import Groups

_KEY = "midnight_witness"
_POOL = "sqlalchemy.pool.base"


class _State:
    listens = False


def listen() -> None:
    """Once, and only if the application has loaded SQLAlchemy. A session opened before has no stack."""
    pool, event = getattr(sys.modules.get(_POOL), "Pool", None), sys.modules.get("sqlalchemy.event")
    if pool is not None and event is not None and not _State.listens:
        _State.listens = True
        event.listen(pool, "checkout", _checked_out)


def _checked_out(_: Any, record: Any, __: Any) -> None:
    record.info[_KEY] = places.stack_of(sys._getframe(1))


def records(kinds: Iterable[type]) -> set[type]:
    base = getattr(sys.modules.get(_POOL), "_ConnectionRecord", None)
    return {kind for kind in kinds if issubclass(kind, base)} if isinstance(base, type) else set()


def by_checkout(found: Iterable[Any]) -> list[dict[str, Any]]:
    groups = Groups()
    for each in found:
        if getattr(each, "fairy_ref", None) is not None:
            pool = getattr(each, "_ConnectionRecord__pool", None)
            info = getattr(each, "info", {})
            groups.add("session", info.get(_KEY), pool=type(pool).__name__, most=_most(pool))
    return groups.listed()


def _most(pool: Any) -> int | None:
    """The most connections that a QueuePool hands out; None: no bound known."""
    size, overflow = (
        getattr(getattr(pool, "_pool", None), "maxsize", None),
        getattr(pool, "_max_overflow", -1),
    )
    return size + overflow if isinstance(size, int) and isinstance(overflow, int) and overflow >= 0 else None
