"""Server-sent events, as the HTML standard parses them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

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


def is_called(event: Event, name: bytes) -> bool:
    """Its `event:` line, its whole data, or the `type` or `event` of a JSON object in its data."""
    if event.name == name or event.data.strip() == name:
        return True
    if name not in event.data:
        return False
    said = _object(event.data)
    return any(said.get(key) == name.decode() for key in ("event", "type"))


def holds(event: Event, name: bytes) -> bool:
    """`{"error": {...}}`, as many services send it without an event name. `null`, `false`, `0` and what is empty mean
    that there is none."""
    return name in event.data and bool(_object(event.data).get(name.decode()))


def _object(data: bytes) -> Mapping[str, Any]:
    if data.lstrip()[:1] != b"{":
        return {}
    try:
        said = json.loads(data)
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}
