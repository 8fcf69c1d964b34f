"""Schedules for tests, and what became of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import insert

from chaos import database
from chaos.schedule.schedule import Schedule
from chaos.schedule.tables import occurrences


def schedule(when: str, zone: str = "UTC", **given: Any) -> Schedule:
    """One that is called `nightly` where no name is given; `from` and the like as in a file."""
    document = {"name": "nightly", "experiment": "smoke", "when": when, "timezone": zone, **given}
    return Schedule.model_validate(document)


HOURLY = schedule("0 * * * *", name="hourly", misfire={"late_within": "30m"})
NIGHTLY = schedule("30 2 * * *", "Europe/Berlin", name="nightly")


def came_to(*states: str) -> None:
    """Store one due time of the schedule `nightly` for each state, one a day."""
    due = datetime(2026, 11, 20, tzinfo=UTC)
    rows = [
        {
            "schedule": "nightly",
            "due_utc": due + timedelta(days=day),
            "state": state,
            "target": "t",
            "by_hand": False,
        }
        for day, state in enumerate(states)
    ]
    with database.connect(database.address()).begin() as connection:
        connection.execute(insert(occurrences), rows)
