"""The errors that the target logged, beside the chain. They are reported and judge nothing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import PurePath
from typing import Any

from chaos.checks.link import Link
from chaos.checks.text import many
from chaos.record.events import ErrorsRead, LoggedError
from chaos.record.journal import Journal
from chaos.spec.units import show_signed

_LONGEST = 110
_HINT = "(Background on this error"
"""SQLAlchemy's, at the end of its messages."""


@dataclass(frozen=True, slots=True)
class LoggedRow:
    """Equal errors. `title`: exception and message on one line, or the exception alone if the messages differ; then
    `often` is the most frequent one. `place`: file, line and function. Instants are seconds since the run's start.
    `follows` and `precedes` are the links of the chain that moved last before its first occurrence and next after it.
    """

    title: str
    place: str
    error: LoggedError
    follows: Link | None = None
    precedes: Link | None = None
    often: str = ""

    def sentence(self, zero: float | None) -> str:
        """`QueuePool limit reached: 412 times from +31.6 s, at conversations.py:41 in list_conversations`, with
        seconds of play from `zero`; or `OperationalError: 44 times from +12.5 s, at ..., most often: ...`."""
        first = self.error.first
        since = "" if first is None or zero is None else f" from {show_signed(round(first - zero, 1))}"
        place = f", at {self.place}" if self.place else ""
        often = f", most often: {self.often}" if self.often else ""
        return f"{self.title}: {many(self.error.count, 'time')}{since}{place}{often}"

    def beside(self, zero: float | None) -> str:
        """The links around its first occurrence: `after connection pool fills (+30.2 s)`."""
        around = (("after", self.follows), ("before", self.precedes))
        return ", ".join(
            f"{word} {link.title} ({show_signed(round(link.at - zero, 1))})"
            for word, link in around
            if link is not None and link.at is not None and zero is not None
        )


@dataclass(frozen=True, slots=True)
class Logged:
    """What was read of the target's logs. `zero`: the play's start on the run clock."""

    read: ErrorsRead
    rows: tuple[LoggedRow, ...]
    zero: float | None

    def to_json(self) -> dict[str, Any]:
        """Return JSON values: the rows as sentences, with their numbers."""
        return {
            "errors": self.read.errors,
            "files": self.read.files,
            "unread": list(self.read.unread),
            "groups": [self._row(row) for row in self.rows],
        }

    def _row(self, row: LoggedRow) -> dict[str, Any]:
        error = {name: value for name, value in asdict(row.error).items() if name != "stack"}
        return {
            "because": row.sentence(self.zero),
            **error,
            "follows": row.follows.name if row.follows else None,
            "precedes": row.precedes.name if row.precedes else None,
        }


def logged(journal: Journal, links: Sequence[Link]) -> Logged | None:
    """Return the errors of a stored run; None if no log was read."""
    read = journal.latest(ErrorsRead)
    if read is None:
        return None
    play = journal.play
    rows = tuple(_row(error, links) for error in read.groups)
    return Logged(read, rows, play.start if play else None)


def _row(error: LoggedError, links: Sequence[Link]) -> LoggedRow:
    place = ""
    if error.frames:
        frame = error.frames[0]
        name = PurePath(frame.file.replace("\\", "/")).name or frame.file
        place = f"{name}:{frame.line}" if frame.line else name
        place += f" in {frame.function}" if frame.function else ""
    moved = [(link.at, link) for link in links if link.at is not None]
    first = error.first
    before = [each for each in moved if first is not None and each[0] <= first]
    later = [each for each in moved if first is not None and each[0] > first]
    follows = max(before, key=lambda each: each[0], default=(-math.inf, None))[1]
    precedes = min(later, key=lambda each: each[0], default=(math.inf, None))[1]
    name = error.exception if error.exception.startswith("(") else error.exception.rpartition(".")[2]
    message = " ".join(error.message.partition(_HINT)[0].split())
    if error.messages > 1:
        return LoggedRow(_short(name), place, error, follows, precedes, _short(message))
    return LoggedRow(_short(f"{name}: {message}" if message else name), place, error, follows, precedes)


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."
