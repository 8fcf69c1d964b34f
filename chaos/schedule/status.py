"""`midnight schedule list` and `next`: read from the file and the database, without a scheduler."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from heapq import merge
from itertools import islice
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, select

from chaos.checks.text import many
from chaos.notify import outbox
from chaos.schedule import registered, zones
from chaos.schedule.due import blacked_out, due_times, start_of
from chaos.schedule.file import ScheduleFile
from chaos.schedule.schedule import Schedule
from chaos.schedule.tables import lease, occurrences

MOST = 1000
"""Starts looked at for one that no blackout prevents."""


class Coming(NamedTuple):
    """A future start; `note` gives the reason if it will not be played, else it is empty."""

    start: datetime
    schedule: str
    due: datetime
    local: str
    note: str


def coming(file: ScheduleFile, connection: Connection, now: datetime, count: int) -> list[Coming]:
    """Yield the next starts of all schedules, merged."""
    paused = registered.paused(connection, [schedule.name for schedule in file.schedules])
    streams = [_coming_of(schedule, now, paused.get(schedule.name, "")) for schedule in file.schedules]
    return list(islice(merge(*streams), count))


def _coming_of(schedule: Schedule, now: datetime, paused: str) -> Iterator[Coming]:
    for due in due_times(schedule, now - timedelta(seconds=schedule.jitter)):
        start = start_of(schedule, due)
        if start <= now:
            continue
        local = f"{zones.wall(start, schedule.zone):%a %Y-%m-%d %H:%M:%S} {schedule.timezone}"
        note = paused or blacked_out(schedule, due, start) or ""
        yield Coming(start, schedule.name, due, local, note)


def _next_played(schedule: Schedule, now: datetime) -> tuple[datetime | None, list[Coming]]:
    """Return the next start that no blackout prevents, None if there is none among the next `MOST`, and those before
    it, which will be skipped."""
    skipped: list[Coming] = []
    for each in islice(_coming_of(schedule, now, ""), MOST):
        if not each.note:
            return each.start, skipped
        skipped.append(each)
    return None, skipped


def _skipping(upcoming: datetime | None, skipped: list[Coming]) -> str:
    """Return in one sentence what a blackout skips before the upcoming start; empty if nothing."""
    if not skipped:
        return ""
    first, last = (f"{each.start:%Y-%m-%d %H:%M}" for each in (skipped[0], skipped[-1]))
    times = first if len(skipped) == 1 else f"{first} to {last}"
    reasons = "; ".join(dict.fromkeys(each.note for each in skipped))
    which = (
        f"its next {many(len(skipped), 'start')}" if upcoming is None else many(len(skipped), "earlier start")
    )
    return f"skips {which}, {times} UTC: {reasons}"


def rows(file: ScheduleFile, connection: Connection, now: datetime) -> list[dict[str, Any]]:
    """Return one row per schedule: rule, the next start that will be played, what is skipped before it, and the result
    of the newest due time."""
    paused = registered.paused(connection, [schedule.name for schedule in file.schedules])
    found = []
    for schedule in file.schedules:
        newest = _newest(connection, schedule.name)
        upcoming, skipped = (None, []) if schedule.name in paused else _next_played(schedule, now)
        found.append(
            {
                "name": schedule.name,
                "experiment": schedule.experiment,
                "target": schedule.target,
                "profile": schedule.profile,
                "when": schedule.when,
                "timezone": schedule.timezone,
                "next": upcoming.isoformat() if upcoming else None,
                "skipping": _skipping(upcoming, skipped),
                "paused": paused.get(schedule.name, ""),
                "last": None if newest is None else _last(newest),
            }
        )
    return found


def history(
    connection: Connection, name: str | None, since: datetime | None, count: int
) -> list[dict[str, Any]]:
    """Return what became of the newest due times, oldest first; of one schedule, or of all that were ever there."""
    chosen = select(occurrences)
    if name is not None:
        chosen = chosen.where(occurrences.c.schedule == name)
    if since is not None:
        chosen = chosen.where(occurrences.c.due_utc >= since)
    newest = connection.execute(
        chosen.order_by(occurrences.c.due_utc.desc(), occurrences.c.id.desc()).limit(count)
    )
    return [_remembered(row) for row in reversed(newest.all())]


def _remembered(row: Row[Any]) -> dict[str, Any]:
    took = (row.ended - row.started).total_seconds() if row.started and row.ended else None
    return {"schedule": row.schedule, "by_hand": row.by_hand, **_last(row), "seconds": took}


def troubles(connection: Connection, now: datetime) -> list[str]:
    """Return warnings for this machine's operator, one line each."""
    said = []
    newest = connection.execute(select(occurrences.c.due_utc).order_by(occurrences.c.due_utc.desc()).limit(1))
    due = newest.scalar()
    if due is not None and due > now:
        said.append(f"the clock was set back: due times until {due:%Y-%m-%d %H:%M} UTC are not played again")
    for row in outbox.undelivered(connection, now):
        state = "given up" if row.next_try is None else "will be retried"
        said.append(
            f"notification to {row.destination} not delivered ({row.attempts}x, {state}): {row.error}"
        )
    return said


def leader(connection: Connection) -> str | None:
    """Return the last holder of the lease; None if it was released."""
    name: str | None = connection.execute(select(lease.c.holder)).scalar()
    return name


def _newest(connection: Connection, name: str) -> Row[Any] | None:
    of = select(occurrences).where(occurrences.c.schedule == name)
    return connection.execute(of.order_by(occurrences.c.due_utc.desc()).limit(1)).first()


def _last(row: Row[Any]) -> dict[str, Any]:
    return {
        "due": row.due_utc.astimezone(UTC).isoformat(timespec="seconds"),
        "state": row.state,
        "event": row.event,
        "exit_code": row.exit_code,
        "run": row.run,
        "because": row.because,
    }
