"""Pure: compute when a schedule is due, in UTC, and when each run starts."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import takewhile

from chaos.schedule import zones
from chaos.schedule.rules import walls
from chaos.schedule.schedule import Schedule


def due_times(schedule: Schedule, after: datetime) -> Iterator[datetime]:
    """Yield every due time after `after`, in order, each once, in UTC.

    A wall-clock time that does not exist is due at the first instant after the gap; one that occurs twice is
    due the first time.
    """
    last = after
    for wall in walls(schedule.when, zones.wall(after, schedule.zone)):
        due = zones.instant(wall, schedule.zone)
        if due > last:
            yield due
            last = due


def due_within(schedule: Schedule, after: datetime, until: datetime) -> Iterator[datetime]:
    """Yield the due times after `after` whose run starts no later than `until`."""
    return takewhile(lambda due: start_of(schedule, due) <= until, due_times(schedule, after))


def start_of(schedule: Schedule, due: datetime) -> datetime:
    """Return the start of the run due then: less than `jitter` later, deterministic."""
    if not schedule.jitter:
        return due
    digest = hashlib.sha256(f"{schedule.name} {due.isoformat()}".encode()).digest()
    share = int.from_bytes(digest[:8], "big") / 2**64
    return due + timedelta(seconds=int(share * schedule.jitter))


def next_start(schedule: Schedule, after: datetime) -> datetime | None:
    """Return the first start after `after`."""
    early = after - timedelta(seconds=schedule.jitter)
    starts = (start_of(schedule, due) for due in due_times(schedule, early))
    return next((start for start in starts if start > after), None)


def blacked_out(schedule: Schedule, *instants: datetime) -> str | None:
    """Describe the blackout that contains one of the instants, if any."""
    for at in instants:
        wall = zones.wall(at, schedule.zone)
        for blackout in schedule.blackout:
            if blackout.holds(wall):
                return f"blackout: {blackout}"
    return None
