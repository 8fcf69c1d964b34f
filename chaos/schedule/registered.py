"""The registered schedules: since when, and which are paused."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, insert, select, update

from chaos.schedule.schedule import Schedule
from chaos.schedule.tables import schedules

AHEAD = timedelta(days=1)  # a clock set back by less makes a new schedule wait, as it does played ones

Settle = Callable[[Connection, Schedule], None]


def enrol(connection: Connection, found: Iterable[Schedule], now: datetime, settle: Settle) -> None:
    """Register the schedules of the file. A rule counts from when it was first seen, or from now if the clock was
    days ahead then. Pauses stay until they are lifted: another file may have these schedules.

    If a rule changed, `settle` is called with the old schedule, to report what it missed.
    """
    known = {row.name: row for row in connection.execute(select(schedules))}
    listed = {schedule.name: schedule for schedule in found}
    gone = {name for name, row in known.items() if name not in listed and not row.paused}
    connection.execute(delete(schedules).where(schedules.c.name.in_(gone)))
    for name, schedule in listed.items():
        rule = {"when": schedule.when, "timezone": schedule.timezone}
        row = known.get(name)
        if row is None:
            connection.execute(insert(schedules).values(name=name, since=now, **rule))
        elif (row.when, row.timezone) != (schedule.when, schedule.timezone):
            settle(connection, schedule.model_copy(update={"when": row.when, "timezone": row.timezone}))
            changed = update(schedules).where(schedules.c.name == name).values(since=now, **rule)
            connection.execute(changed)
    too_late = (schedules.c.since > now + AHEAD, schedules.c.name.in_(listed))
    connection.execute(update(schedules).where(*too_late).values(since=now))


def enrol_one(connection: Connection, schedule: Schedule, now: datetime) -> None:
    """Register a schedule that no scheduler has seen yet."""
    if connection.execute(select(schedules).where(schedules.c.name == schedule.name)).first() is None:
        rule = {"when": schedule.when, "timezone": schedule.timezone}
        connection.execute(insert(schedules).values(name=schedule.name, since=now, **rule))


def pause(connection: Connection, name: str, because: str) -> None:
    connection.execute(update(schedules).where(schedules.c.name == name).values(paused=True, because=because))


def resume(connection: Connection, name: str) -> None:
    connection.execute(update(schedules).where(schedules.c.name == name).values(paused=False, because=""))


def paused(connection: Connection, names: Sequence[str]) -> dict[str, str]:
    """Return the reason of each pause, by schedule name."""
    chosen = (schedules.c.paused.is_(True), schedules.c.name.in_(names))
    rows = connection.execute(select(schedules.c.name, schedules.c.because).where(*chosen))
    return {row.name: f"paused: {row.because}" if row.because else "paused" for row in rows}
