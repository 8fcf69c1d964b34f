"""What the collector closed because the application did not: ResourceWarnings since the first census."""

from __future__ import annotations

import re
import warnings
from typing import Any, Callable

from . import ledger
from .groups import Groups
from .places import Stack

_NUMBER = re.compile(r"\bfd=(\d+)")
_NAME = re.compile(r"\bname=('(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")")
_MOST = 500  # distinct pairs of words and stack


_counted: dict[tuple[str, int], int] = {}
_stacks: dict[int, Stack | None] = {}


class _State:
    shown: Callable[..., None] | None = None
    ignored = False


def listen() -> None:
    """Again at each census: the end of a `catch_warnings` takes it away."""
    if warnings.showwarning is not _show:
        _State.shown, warnings.showwarning = warnings.showwarning, _show
    if _action() == "ignore":  # Python's default; what an application wants shown is left to it
        _State.ignored = True
        warnings.filterwarnings("always", category=ResourceWarning)


def listed() -> list[dict[str, Any]]:
    groups = Groups()
    for (kind, ident), count in list(_counted.items()):
        groups.add(kind, _stacks[ident], count)
    return groups.listed()


def _show(message: Any, category: Any, *more: Any, **named: Any) -> None:
    if category is ResourceWarning:
        _record(str(message))
    if _State.shown is not None and not (_State.ignored and category is ResourceWarning):
        _State.shown(message, category, *more, **named)


def _record(text: str) -> None:
    stack = _opened_by(text)
    key = (" ".join(text.replace("<", "").split()[:2]), id(stack))
    if key in _counted or len(_counted) < _MOST:
        _stacks[id(stack)] = stack
        _counted[key] = _counted.get(key, 0) + 1


def _opened_by(text: str) -> Stack | None:
    """The descriptor is still open while its warning is shown."""
    number, name = _NUMBER.search(text), _NAME.search(text)
    if number is not None:
        return ledger.of_socket(int(number.group(1)))
    return (ledger.opened.get(name.group(1)[1:-1]) or (None,))[0] if name is not None else None


def _action() -> str:
    """What becomes of a ResourceWarning, whatever its message and module."""
    for action, message, category, module, line in list(warnings.filters):
        if issubclass(ResourceWarning, category) and message is None and module is None and not line:
            return str(action)
    return "default"
