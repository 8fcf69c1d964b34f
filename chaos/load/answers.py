"""A sample of the good answers by route: content type, length, and the names they contain.

The loop only looks at type and length. Per route, one answer every quarter of a second and each one of a new type or
length is parsed in the recorder's thread.
"""

from __future__ import annotations

import json
import re
import threading
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from chaos.record import journal
from chaos.record.answered import EXAMINED
from chaos.record.redact import Redactor

EVERY = 0.25  # seconds between two parsed answers of a route without a new type or length
WRITTEN_EVERY = 1.0  # seconds between two identical lines about a route
MANY = 40  # lines about a route before that applies: a baseline may be short
MOST_WAITING = (
    100  # maximum queue of answers to parse: a route whose lengths never repeat must not fill memory
)
MOST_NAMES = 50
_EVENT = re.compile(rb"^event:[ \t]*([^\r\n]+)", re.M)
_KINDS = {dict: "object", list: "array", str: "string", bool: "boolean", int: "number", float: "number"}


@dataclass(slots=True)
class _Known:
    """The answers seen for one route."""

    types: set[bytes] = field(default_factory=set)
    shortest: float = float("inf")
    longest: float = -1.0
    looked: float = float("-inf")  # when one of its answers was last parsed
    said: tuple[object, ...] = ()
    written: float = float("-inf")
    lines: int = 0


class Answers:
    """Appends lines to a file: `{"at", "route", "type", "length", "names"}`.

    `at` is on the run clock, `route` a route's code, `length` in bytes. `names` are those of a JSON object with the
    kind of each value (`items:array`), or of an event stream's events; null if an answer is neither, or too long.
    """

    def __init__(self, path: Path, routes: int, redact: Redactor) -> None:
        self._file = path.open("w", encoding="utf-8")
        self._file.write(json.dumps({"version": journal.VERSION}) + "\n")
        self._redact = redact
        self._known = [_Known() for _ in range(routes)]
        self._waiting: deque[tuple[float, int, bytes, bytes]] = deque()
        self._writing = threading.Lock()

    def see(self, code: int, at: float, kind: bytes, body: bytes) -> None:
        """Note a good answer of the route, received `at` this time of the run clock."""
        known, length = self._known[code], len(body)
        new = kind not in known.types or not known.shortest <= length <= known.longest
        if (not new and at < known.looked + EVERY) or len(self._waiting) >= MOST_WAITING:
            return
        known.types.add(kind)
        known.shortest, known.longest = min(known.shortest, length), max(known.longest, length)
        known.looked = at
        self._waiting.append((at, code, kind, body))

    def flush(self) -> None:
        """Parse queued answers, and write what is new."""
        with self._writing:
            while self._waiting:
                self._write(*self._waiting.popleft())
            self._file.flush()

    def _write(self, at: float, code: int, kind: bytes, body: bytes) -> None:
        known, names = self._known[code], self._names(kind, body)
        said = (kind, len(body), names)
        if said == known.said and known.lines >= MANY and at < known.written + WRITTEN_EVERY:
            return
        known.said, known.written, known.lines = said, at, known.lines + 1
        line = {
            "at": at,
            "route": code,
            "type": self._redact(media_type(kind)),
            "length": len(body),
            "names": names,
        }
        self._file.write(json.dumps(line, separators=(",", ":")) + "\n")

    def _names(self, kind: bytes, body: bytes) -> list[str] | None:
        found = names(kind, body)
        return None if found is None else [self._redact(name) for name in found]


def media_type(kind: bytes) -> str:
    """`application/json` of `application/JSON; charset=utf-8`."""
    return kind.partition(b";")[0].strip().lower().decode("latin-1")[:100]


def names(kind: bytes, body: bytes) -> list[str] | None:
    """The names in an answer, sorted; None if it has none or is too long."""
    if len(body) > EXAMINED:
        return None
    if media_type(kind) == "text/event-stream":
        return sorted({f"event:{match.decode(errors='replace')[:60]}" for match in _EVENT.findall(body)})[
            :MOST_NAMES
        ]
    if body.lstrip()[:1] not in (b"{", b"["):
        return None
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return sorted(set(_of(document)))[:MOST_NAMES]


def _of(document: Any) -> Iterator[str]:
    """Those of an object, or of the first object of a list."""
    if isinstance(document, list):
        for name in _of(document[0]) if document else ():
            yield f"[]{name}"
    elif isinstance(document, dict):
        for name, value in document.items():
            yield f"{str(name)[:60]}:{_KINDS.get(type(value), 'null')}"
