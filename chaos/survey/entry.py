"""What a reader finds: entries with their times, and files that it cannot read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from chaos.record import redact, secret_forms


@dataclass(frozen=True, slots=True, order=True)
class Start:
    """One start, in UTC: at `earliest`, or at an unknown instant until `latest`."""

    earliest: datetime
    latest: datetime

    @classmethod
    def at(cls, instant: datetime, spread: timedelta = timedelta()) -> Start:
        return cls(instant, instant + spread)


class When(Protocol):
    """The times of an entry."""

    def starts(self, since: datetime, until: datetime) -> Iterator[Start]:
        """Yield the starts that may fall in [since, until), in order."""
        ...


@dataclass(frozen=True, slots=True)
class Once:
    """A single instant, for example the next run that a job store holds."""

    at: datetime

    def starts(self, since: datetime, until: datetime) -> Iterator[Start]:
        if since <= self.at < until:
            yield Start.at(self.at)


@dataclass(frozen=True, slots=True)
class Uses:
    """What a command works on, as far as its text shows."""

    role: str = ""  # backup, rotation, database, certificate
    database: str = ""  # the server, by kind and address
    connections: int | None = None  # None: unknown
    disks: frozenset[int] = frozenset()  # st_dev of the paths it names
    paths: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Took:
    """Seconds that earlier runs took, as recorded."""

    median: float
    longest: float
    runs: int
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of the calendar. Without `when` its times are not known; `off` says why it never runs."""

    kind: str
    name: str
    source: str  # FILE:LINE
    schedule: str  # as written
    zone: str
    when: When | None = None
    command: str = ""
    user: str = ""
    off: str = ""
    unknown: str = ""  # why there is no `when`
    notes: tuple[str, ...] = ()
    uses: Uses = Uses()
    took: Took | None = None
    unit: str = ""  # the systemd service it starts
    turn: str = ""  # those with the same run one after another, so never at the same time


@dataclass(frozen=True, slots=True)
class Unread:
    """A file, or a line of one, that cannot be read."""

    place: str
    reason: str

    def __str__(self) -> str:
        return " ".join(f"{self.place}: {self.reason}".split())[:290]


@dataclass(slots=True)
class Found:
    """Everything that one reader found."""

    entries: list[Entry] = field(default_factory=list)
    unread: list[Unread] = field(default_factory=list)

    def add(self, other: Found) -> None:
        self.entries += other.entries
        self.unread += other.unread


def masked(command: str) -> str:
    """A command on one line, without what looks like a secret."""
    return redact.known(secret_forms.mask(" ".join(command.split())))
