"""Two hundred kills of schedulers at random instants: no due time is lost, none is played twice, and no run is
marked running for ever."""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from datetime import datetime
from functools import partial
from itertools import takewhile
from pathlib import Path

import pytest

from chaos.schedule.due import due_times
from chaos.schedule.schedule import Schedule
from tests.full import tables
from tests.midnight import PROJECT
from tests.schedule.serving import Place, every_second

pytestmark = [pytest.mark.full, pytest.mark.timeout(7200)]

KILLS = int(os.environ.get("MIDNIGHT_SCHEDULE_KILLS", "200"))
LONGEST = 3.0  # seconds after a run has begun or ended
PATIENCE = 600.0  # seconds: of a process that has the lowest priority on a busy machine
DOCUMENT = PROJECT / "docs/schedule.md"
SCHEDULES = (
    every_second("quick", when="*/2 * * * * *", misfire={"late_within": "10s"}),
    every_second("slow", when="*/5 * * * * *", misfire={"late_within": "3s"}),
)


def test_kills_at_random_instants_lose_nothing(tmp_path: Path) -> None:
    rng = random.Random(7)
    place = Place(tmp_path, takes=0.5)
    place.write(*SCHEDULES)
    alive = [place.serve(), place.serve()]
    try:
        for _ in range(KILLS):
            seen = len(place.book)
            place.until(partial(_has_more, place, seen), PATIENCE)
            time.sleep(rng.uniform(0.0, LONGEST))  # a random instant is what is tested
            victim = alive.pop(rng.randrange(2))
            victim.kill()
            victim.wait()
            alive.append(place.serve())
        pids = [process.pid for process in alive]
        place.until(lambda: all(f"{pid} " in (tmp_path / "said").read_text() for pid in pids), PATIENCE)
        place.until(lambda: _is_settled(place, pids), PATIENCE)
        for process in alive:
            process.terminate()
        assert [process.wait(PATIENCE) for process in alive] == [0, 0]
    finally:
        place.stop_all()
    _check(place)


def _has_more(place: Place, than: int) -> bool:
    return len(place.book) > than


def _is_settled(place: Place, alive: list[int]) -> bool:
    """Whether one of the living plays, and what the killed ones had in hand has come to something."""
    rows = place.rows()
    ours = {row.id for row in rows if row.holder is not None and int(row.holder.split(":")[1]) in alive}
    in_hand = {row.id for row in rows if row.state in ("claimed", "running")}
    return in_hand <= ours and any(row.state == "ended" for row in rows if row.id in ours)


def _check(place: Place) -> None:
    rows = place.rows()
    began = len([line for line in place.book if line.startswith("began")])
    for document in SCHEDULES:
        schedule = Schedule.model_validate(document)
        found = [row.due_utc for row in rows if row.schedule == schedule.name]
        assert found == _due(schedule, found[0], found[-1])
    states = Counter(row.state for row in rows)
    assert states.keys() <= {"ended", "missed"}
    twice = max(0, began - len([row for row in rows if row.started]))
    table = [(KILLS, len(rows), states["ended"], states["missed"], twice)]
    tables.write("kills", ("kills", "came due", "played", "reported as missed", "twice"), table, DOCUMENT)
    assert twice == 0


def _due(schedule: Schedule, first: datetime, last: datetime) -> list[datetime]:
    return [first, *takewhile(lambda due: due <= last, due_times(schedule, first))]
