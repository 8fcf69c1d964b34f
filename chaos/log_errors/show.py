"""Errors of logs as text, and as JSON values."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from chaos.checks.text import many
from chaos.log_errors.groups import Group
from chaos.log_errors.reading import Errors

_LONGEST = 200


def as_text(errors: Errors, top: int, *, full: bool = False) -> Iterator[str]:
    """Yield the lines: each group with its count, exception, place, instants and most frequent message; `full`: and
    a stack of that message."""
    files = many(errors.files, "file")
    if not errors.groups and errors.files:
        yield f"no errors in {files}"
    shown = errors.groups[:top] if top else errors.groups
    for group in shown:
        yield from _group(group, full)
    left = len(errors.groups) - len(shown)
    if left or errors.left_out:
        count = sum(group.count for group in errors.groups[len(shown) :]) + errors.left_out
        yield f"and {many(count, 'error')} of other kinds: --top 0 shows all"


def _group(group: Group, full: bool) -> Iterator[str]:
    stack = group.stack
    place = f" at {stack.frame}" if stack.frame is not None else ""
    raised = f", raised as {stack.raised}" if stack.raised else ""
    yield f"{group.count:>7,}  {stack.exception}{place}  ({stack.language}{raised})"
    message = group.message.text
    if message:
        often = "most often: " if len(group.messages) > 1 else ""
        yield f"         {often}{_cut(message)}"
    for frame in stack.frames[1:]:
        yield f"         from {frame}"
    if group.first is not None and group.last is not None:
        last = "" if group.count == 1 else f", last {_local(group.last)}"
        yield f"         first {_local(group.first)}{last}"
    if full:
        yield from (f"         | {line}" for line in group.message.logged.splitlines())
    yield ""


def as_json(errors: Errors, top: int) -> dict[str, Any]:
    """Return the same as JSON values; instants are UTC, ISO 8601."""
    shown = errors.groups[:top] if top else errors.groups
    return {
        "files": errors.files,
        "bytes": errors.bytes,
        "errors": errors.count,
        "groups": [_document(group) for group in shown],
        "groups_in_all": len(errors.groups),
        "unread": list(errors.unread),
    }


def _document(group: Group) -> dict[str, Any]:
    stack = group.stack
    frames = [
        {"file": frame.file, "line": frame.line or None, "function": frame.function} for frame in stack.frames
    ]
    return {
        "language": stack.language,
        "exception": stack.exception,
        "raised_as": stack.raised or None,
        "count": group.count,
        "first": None if group.first is None else _utc(group.first),
        "last": None if group.last is None else _utc(group.last),
        "frames": frames,
        "messages": [{"text": each.text, "count": each.count} for each in group.messages.values()],
        "stack": group.message.logged,
    }


def _utc(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")


def _local(at: float) -> str:
    return datetime.fromtimestamp(at).astimezone().isoformat(sep=" ", timespec="milliseconds")


def _cut(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 3]}..."
