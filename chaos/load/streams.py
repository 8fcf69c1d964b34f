"""Server-sent events, as the HTML standard parses them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

_LINE_END = re.compile(rb"\r\n|\n|\r")
_BOM = b"\xef\xbb\xbf"


class Event(NamedTuple):
    name: bytes  # empty if it has none
    data: bytes


def events(body: bytes) -> Iterator[Event]:
    """The complete events of a stream: what comes after the last blank line is not one."""
    name, seen = b"", False
    data: list[bytes] = []
    *lines, _ = _LINE_END.split(body.removeprefix(_BOM))  # the rest is no complete line
    for line in lines:
        if not line:
            if seen:
                yield Event(name, b"\n".join(data))
            name, data, seen = b"", [], False
            continue
        field, _, value = line.partition(b":")
        value = value[1:] if value.startswith(b" ") else value
        if field == b"event":
            name, seen = value, True
        elif field == b"data":
            data.append(value)
            seen = True


def last(body: bytes) -> Event | None:
    """The last complete event of a stream; None if there is none. Only the end of the stream is parsed."""
    lines = body.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    end = lines.rfind(b"\n\n")
    while end != -1:
        begin = lines.rfind(b"\n\n", 0, end)
        found = list(events(lines[max(begin, 0) : end + 2]))
        if found:
            return found[-1]
        end = begin
    return next(events(lines), None)
