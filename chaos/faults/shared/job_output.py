"""What a job prints: its beginning and its end are kept, and all of it is held against what is expected of it."""

from __future__ import annotations

import json
import re
from collections import deque
from contextlib import suppress
from typing import Any

from chaos.plugin.handles import JobExpects
from chaos.record.redact import known

LINE = 1 << 16  # bytes: a longer line is taken as several
KEPT = 1 << 17  # bytes at its beginning, and as many at its end
LAST = 5  # lines shown in the report
_SHOWN = 200  # characters of each


class JobOutput:
    """Fed line by line; holds a bounded part of them."""

    def __init__(self, expects: JobExpects) -> None:
        self._missing = {text.encode() for text in expects.contains}
        self._lacks = [text.encode() for text in expects.lacks]
        self._matches = re.compile(expects.matches.encode()) if expects.matches is not None else None
        self._pattern = expects.matches
        self._unwanted = ""  # the first line that should not be there
        self._head, self._tail = bytearray(), deque[bytes]()
        self._in_tail, self.bytes = 0, 0
        self._last: deque[bytes] = deque(maxlen=LAST)
        self._object = b""  # the last line that may be a JSON object

    def feed(self, line: bytes) -> None:
        """One line, or a part of a very long one."""
        self.bytes += len(line)
        self._keep(line)
        if line.strip():
            self._last.append(line[: 4 * _SHOWN])
        if line.lstrip().startswith(b"{"):
            self._object = line
        if self._missing:
            self._missing = {text for text in self._missing if text not in line}
        if self._matches is not None and self._matches.search(line):
            self._matches = None
        if not self._unwanted and any(text in line for text in self._lacks):
            self._unwanted = _clean(line)

    def unmet(self) -> str:
        """What is expected of it and not so; empty if nothing."""
        if self._unwanted:
            return f"its output has {self._unwanted!r}"
        if self._missing:
            return f"its output lacks {min(self._missing).decode()!r}"
        return f"no line of its output matches {self._pattern!r}" if self._matches is not None else ""

    def last(self) -> list[str]:
        """The last lines, shortened."""
        return [_clean(line) for line in list(self._last)]

    def report(self) -> dict[str, Any] | None:
        """The last line that is a JSON object; None if there is none."""
        with suppress(ValueError, RecursionError):
            found = json.loads(self._object)
            return found if isinstance(found, dict) else None
        return None

    def text(self) -> str:
        """The beginning and the end, with the bytes left out between them."""
        left = self.bytes - len(self._head) - self._in_tail
        between = f"\n... {left} bytes left out ...\n".encode() if left else b""
        return known((bytes(self._head) + between + b"".join(list(self._tail))).decode(errors="replace"))

    def _keep(self, line: bytes) -> None:
        if not self._tail and len(self._head) + len(line) <= KEPT:
            self._head += line
            return
        self._tail.append(line)
        self._in_tail += len(line)
        while self._in_tail > KEPT + LINE:
            self._in_tail -= len(self._tail.popleft())


def _clean(line: bytes) -> str:
    return known(line.decode(errors="replace").strip())[:_SHOWN]
