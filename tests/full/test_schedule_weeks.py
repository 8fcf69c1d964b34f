"""Weeks of a scheduler that is killed, sleeps and is started again, in several zones, by a clock that obeys."""

from __future__ import annotations

import os
import random
from collections import Counter
from pathlib import Path

import pytest

from chaos.schedule.engine import Timing
from tests.full import tables
from tests.midnight import PROJECT
from tests.schedule.plans import schedule
from tests.schedule.simulated import World

pytestmark = [pytest.mark.full, pytest.mark.timeout(3600)]

DOCUMENT = PROJECT / "docs/schedule.md"
WEEKS = int(os.environ.get("MIDNIGHT_SCHEDULE_WEEKS", "52"))
HEADER = (
    "weeks",
    "schedule",
    "zone",
    "came due",
    "played",
    "missed, and reported",
    "skipped",
    "twice",
    "lost",
)
SCHEDULES = tuple(
    schedule(when, zone, name=f"number-{number}", target=f"target-{number}", jitter=jitter)
    for number, (when, zone, jitter) in enumerate(
        [
            ("0 0 * * *", "Europe/Berlin", "10m"),
            ("30 2 * * *", "America/New_York", 0),
            ("45 1,2 * * *", "Australia/Lord_Howe", 0),
            ("first sunday 02:00", "Europe/Berlin", 0),
            ("15 */6 * * *", "Asia/Kathmandu", "5m"),
        ]
    )
)


@pytest.mark.parametrize("troubled", [False, True], ids=["calm", "troubled"])
def test_weeks_start_every_run_due_and_none_twice(troubled: bool, tmp_path: Path) -> None:
    rng = random.Random(7)
    world = World(tmp_path, *SCHEDULES, timing=Timing(beat=1800.0, lease=5400.0, claim=9000.0))
    world.machine.length = 600
    world.add()
    for _ in range(WEEKS):
        world.pass_(days=6, hours=rng.uniform(0, 24))
        if troubled:
            world.kill_all()
            world.sleep(hours=rng.choice([0, 0, 8, 30, -3]))
            world.pass_(hours=rng.uniform(0, 12))
            world.add()
    world.pass_(days=2)
    world.assert_each_once()
    rows = []
    for each in SCHEDULES:
        found = world.rows(each.name)
        states = Counter(row.state for row in found)
        twice = max(0, world.machine.started[each.name] - sum(row.started is not None for row in found))
        lost = len(set(world.due(each)) - {row.due_utc for row in found})
        counts = (states["ended"], states["missed"], states["skipped"], twice, lost)
        rows.append((WEEKS, f"`{each.when}`", each.timezone, len(found), *counts))
    tables.write("troubled" if troubled else "calm", HEADER, rows, DOCUMENT)
    assert all(row[-2:] == (0, 0) for row in rows)
    if not troubled:
        assert all(row[3] == row[4] for row in rows)
