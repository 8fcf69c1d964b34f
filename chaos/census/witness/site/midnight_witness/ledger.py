"""Which stack opened what: files by path, sockets by inode. An audit hook writes it; a raw descriptor is in it, too."""

from __future__ import annotations

import os
import re
import sys
from _socket import socket
from _thread import get_ident
from typing import Any, Callable

from . import places
from .places import Stack

_PATHS = 10_000  # the oldest is dropped first
_SOCKETS = 10_000
_PLACES = 3  # of one path: no event says which of them opened which descriptor
_CODE = (".pyc", ".py", ".so")  # importing opens thousands
_UNNAMED = re.compile(r"/#\d+ \(deleted\)$")  # O_TMPFILE: opened by the name of its directory

opened: dict[str, tuple[Stack, ...]] = {}  # latest first
connected: dict[int, Stack] = {}
own_threads: set[int] = set()


def start() -> None:
    sys.addaudithook(_hook)


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    act = _EVENTS.get(event)
    if act is None or get_ident() in own_threads:
        return
    try:
        act(arguments)
    # Never Exception: a signal handler of the application may run in here, and what it raises is not ours.
    except (AttributeError, IndexError, KeyError, RuntimeError, StopIteration, TypeError, ValueError):
        pass


def _open(arguments: tuple[Any, ...]) -> None:
    path = arguments[0]
    if type(path) is bytes:
        path = os.fsdecode(path)
    elif type(path).__module__.startswith("pathlib"):
        path = str(path)
    if type(path) is not str or path.endswith(_CODE):
        return
    stack = places.stack_of(sys._getframe(2))
    before = opened.get(path)
    if before is None:
        if len(opened) >= _PATHS:
            opened.pop(next(iter(opened)), None)
        opened[path] = (stack,)
    elif before[0] is not stack:
        opened[path] = (stack, *(each for each in before if each is not stack))[:_PLACES]


def _connect(arguments: tuple[Any, ...]) -> None:
    number = socket.fileno(arguments[0])  # not that of a subclass
    inode = _inode(number)
    if inode:
        if len(connected) >= _SOCKETS:
            connected.pop(next(iter(connected)), None)
        connected.pop(inode, None)
        connected[inode] = places.stack_of(sys._getframe(2))


def _inode(number: int) -> int:
    """0: not open."""
    try:
        return os.fstat(number).st_ino
    except OSError:
        return 0


_EVENTS: dict[str, Callable[[tuple[Any, ...]], None]] = {
    "open": _open,
    "sqlite3.connect": _open,  # SQLite opens by itself
    "socket.connect": _connect,
}


def of_socket(number: int) -> Stack | None:
    return connected.get(_inode(number))


class Paths:
    """The ledger's paths as the kernel writes them: absolute, links resolved."""

    def __init__(self) -> None:
        self._by_name: dict[str, list[str]] = {}
        for path in list(opened):
            self._by_name.setdefault(os.path.basename(path.rstrip("/")), []).append(path)

    def of(self, link: str) -> tuple[Stack, ...]:
        """The stacks that opened what /proc/self/fd shows as `link`, latest first; more than one: any of them."""
        if _UNNAMED.search(link):
            path = os.path.dirname(link)
        else:
            path = link[: -len(" (deleted)")] if link.endswith(" (deleted)") else link
        for known in self._by_name.get(os.path.basename(path), ()):
            if os.path.abspath(known) == path or os.path.realpath(known) == path:
                return opened.get(known, ())
        return ()
