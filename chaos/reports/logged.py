"""The errors in the target's logs, as rows of text for the report and lines for a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from chaos.checks.logged import Logged, LoggedRow
from chaos.checks.text import many
from chaos.reports.show import show_offset

_IN_A_TERMINAL = 3


@dataclass(frozen=True, slots=True)
class ErrorRow:
    count: str
    first: str
    last: str
    title: str
    raised: str
    place: str
    via: str
    chain: str
    stack: str


@dataclass(frozen=True, slots=True)
class ErrorsSection:
    """`said`: what was read, in one sentence."""

    rows: list[ErrorRow]
    said: str
    unread: list[str]


def section(found: Logged | None) -> ErrorsSection | None:
    """Return the report's section; None if no log was read."""
    if found is None:
        return None
    return ErrorsSection([_row(row, found.zero) for row in found.rows], _said(found), list(found.read.unread))


def lines(found: Logged | None) -> Iterator[str]:
    """Yield the most frequent errors, one line each, and the logs that were not read."""
    if found is None:
        return
    for row in found.rows[:_IN_A_TERMINAL]:
        beside = row.beside(found.zero)
        yield f"logged: {row.sentence(found.zero)}" + (f"; {beside}" if beside else "")
    if len(found.rows) > _IN_A_TERMINAL:
        yield f"logged: {many(len(found.rows) - _IN_A_TERMINAL, 'other kind')} of errors: see the report"
    for because in found.read.unread:
        yield f"logs not read: {because}"


def _row(row: LoggedRow, zero: float | None) -> ErrorRow:
    error = row.error
    return ErrorRow(
        count=f"{error.count:,}",
        first=show_offset(error.first, zero),
        last=show_offset(error.last, zero),
        title=f"{row.title}; most often: {row.often}" if row.often else row.title,
        raised=error.raised or "",
        place=row.place,
        via=" ← ".join(f"{frame.file}:{frame.line or '?'} in {frame.function}" for frame in error.frames),
        chain=row.beside(zero),
        stack=error.stack,
    )


def _said(found: Logged) -> str:
    read = found.read
    logs = many(read.files, "file")
    if not read.errors:
        return f"None was logged during the play: {logs} read." if read.files else "No log could be read."
    left = f"; {many(read.left_out, 'error')} of further kinds not listed" if read.left_out else ""
    return f"{many(read.errors, 'error')} logged during the play, {logs} read{left}."
