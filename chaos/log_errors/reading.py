"""Read logs: their errors, grouped and ranked."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import tzinfo
from pathlib import Path

from chaos.log_errors import files, scan
from chaos.log_errors.groups import Group, Groups
from chaos.log_errors.instants import Instants
from chaos.log_errors.parser import Parser


@dataclass(frozen=True, slots=True)
class Errors:
    """`unread`: the logs that could not be read to their end, and why. `left_out`: errors in no group."""

    groups: tuple[Group, ...]
    files: int
    bytes: int
    left_out: int
    unread: tuple[str, ...] = field(default=())

    @property
    def count(self) -> int:
        return sum(group.count for group in self.groups) + self.left_out


class Reader:
    """Reads one log after the other. `since` and `until` are seconds since the epoch; `zone` is that of instants
    without one (default: this machine's), and `written` says when everything was written, if that is known."""

    def __init__(
        self,
        since: float | None = None,
        until: float | None = None,
        zone: tzinfo | None = None,
        written: tuple[float, float] | None = None,
    ) -> None:
        self._groups = Groups(since, until)
        self._instants = Instants(time.time(), zone, written)
        self._files = self._bytes = 0
        self._unread: list[str] = []

    def read(self, content: Iterable[bytes]) -> None:
        """Read one log. One that cannot be read to its end counts as far as it can be read."""
        parser = Parser(self._instants, self._groups.add)
        try:
            self._bytes += scan.read(content, parser)
            self._files += 1
        except files.NotRead as error:
            parser.close()
            self._unread.append(str(error))

    def unreadable(self, because: str) -> None:
        self._unread.append(because)

    def errors(self) -> Errors:
        groups = self._groups
        return Errors(tuple(groups.ranked()), self._files, self._bytes, groups.left_out, tuple(self._unread))


def read(
    paths: Iterable[Path], since: float | None = None, until: float | None = None, zone: tzinfo | None = None
) -> Errors:
    """Read these logs whole; `-` is standard input."""
    reader = Reader(since, until, zone)
    for path in paths:
        reader.read(files.parts(path))
    return reader.errors()
