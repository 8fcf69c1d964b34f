"""Jobs that start together, and what they then share: a disk, a database, its connections."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from chaos.survey.entry import Entry, Start
from chaos.survey.night import Planned

_MINUTE = timedelta(minutes=1)
_TOO_WIDE = timedelta(hours=3)


@dataclass(frozen=True, slots=True)
class Shared:
    """What entries of one collision have in common."""

    disk: tuple[Entry, ...] = ()
    database: Mapping[str, tuple[Entry, ...]] = field(default_factory=dict)
    connections: Mapping[str, str] = field(
        default_factory=dict
    )  # together, of max_connections; empty: unknown


@dataclass(frozen=True, slots=True)
class Collision:
    """`sure` start in this minute; `may` start within a stretch that includes it; `running` started earlier, and took
    so long before that they still run."""

    at: datetime
    sure: tuple[Entry, ...]
    may: tuple[Entry, ...]
    running: tuple[Entry, ...]
    shared: Shared

    @property
    def entries(self) -> tuple[Entry, ...]:
        return (*self.sure, *self.may, *self.running)


def find(planned: Sequence[Planned], max_connections: Mapping[str, int]) -> list[Collision]:
    """The collisions of a night. Left out, as they meet everything: what starts at least every 15 minutes, and what
    starts at some time within more than three hours."""
    starts = [
        (each.entry, start)
        for each in planned
        if not each.often
        for start in each.starts
        if start.latest - start.earliest <= _TOO_WIDE
    ]
    found, seen = list[Collision](), list[frozenset[int]]()
    for minute in sorted({_minute(start.earliest) for _, start in starts}):
        sure = _once(
            entry for entry, start in starts if _is_exact(start) and _minute(start.earliest) == minute
        )
        may = _once(entry for entry, start in starts if not _is_exact(start) and _covers(start, minute))
        started = {id(entry) for entry in (*sure, *may)}
        on = _once(
            entry for entry, start in starts if id(entry) not in started and _runs(entry, start, minute)
        )
        running = tuple(each for each in on if any(_meet(each, other) for other in (*sure, *may)))
        together = frozenset(map(id, (*sure, *may, *running)))
        if _turns((*sure, *may, *running)) < 2 or (not sure and any(together <= earlier for earlier in seen)):
            continue
        seen.append(together)
        entries = (*sure, *may, *running)
        found.append(Collision(minute, sure, may, running, _shared(entries, max_connections)))
    return found


def _turns(entries: Sequence[Entry]) -> int:
    return len({each.turn or id(each) for each in entries})


def _minute(at: datetime) -> datetime:
    return at.replace(second=0, microsecond=0)


def _is_exact(start: Start) -> bool:
    """True if the minute of the start is known: systemd's default accuracy of one minute keeps it."""
    return start.latest <= _minute(start.earliest) + _MINUTE


def _covers(start: Start, minute: datetime) -> bool:
    return _minute(start.earliest) <= minute < start.latest


def _runs(entry: Entry, start: Start, minute: datetime) -> bool:
    """True if it started before, and a usual run is not over by then."""
    if entry.took is None:
        return False
    return start.earliest < minute < start.latest + timedelta(seconds=entry.took.median)


def _meet(one: Entry, other: Entry) -> bool:
    same_server = bool(one.uses.database) and one.uses.database == other.uses.database
    return same_server or bool(one.uses.disks & other.uses.disks)


def _once(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    return tuple({id(each): each for each in entries}.values())


def _shared(entries: Sequence[Entry], max_connections: Mapping[str, int]) -> Shared:
    disk = tuple(each for each in entries if any(_same_disk(each, other) for other in entries))
    servers = dict.fromkeys(each.uses.database for each in entries if each.uses.database)
    together = {server: tuple(each for each in entries if each.uses.database == server) for server in servers}
    database = {server: group for server, group in together.items() if _turns(group) > 1}
    counts = {server: _connections(group, max_connections.get(server)) for server, group in database.items()}
    return Shared(disk, database, counts)


def _same_disk(one: Entry, other: Entry) -> bool:
    if one is other or (one.turn and one.turn == other.turn):
        return False
    return bool(one.uses.disks & other.uses.disks)


def _connections(group: Sequence[Entry], most: int | None) -> str:
    """`7 connections of 100`; `at least` if those of one are not known."""
    known = [each.uses.connections for each in group if each.uses.connections is not None]
    if not known:
        return ""
    least = "at least " if len(known) < len(group) else ""
    return f"{least}{sum(known)} connections{f' of {most}' if most is not None else ''}"
