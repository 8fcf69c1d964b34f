"""Schedules for tests."""

from __future__ import annotations

from typing import Any

from chaos.schedule.schedule import Schedule


def schedule(when: str, zone: str = "UTC", **given: Any) -> Schedule:
    """One that is called `nightly` where no name is given; `from` and the like as in a file."""
    document = {"name": "nightly", "experiment": "smoke", "when": when, "timezone": zone, **given}
    return Schedule.model_validate(document)


HOURLY = schedule("0 * * * *", name="hourly", misfire={"late_within": "30m"})
NIGHTLY = schedule("30 2 * * *", "Europe/Berlin", name="nightly")
