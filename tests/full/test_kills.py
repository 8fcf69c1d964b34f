"""A hundred kills at random instants of a real run: everything is healed, each time, within five seconds."""

from __future__ import annotations

import os
import random
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import pytest

from chaos.record.journal import Event
from chaos.undo.heal import outstanding
from tests.conftest import traces
from tests.full import tables
from tests.midnight import Midnight
from tests.real import broken
from tests.real.healing import wait_for

pytestmark = [pytest.mark.full, pytest.mark.timeout(7200)]

KILLS = int(os.environ.get("MIDNIGHT_KILLS", "100"))
STAGES: tuple[tuple[Callable[[Event], bool] | None, float], ...] = (
    # how often a stage is drawn is how often it stands here; the instant lies so many seconds into it at most
    (None, 2.0),
    *[(lambda event: (event.source, event.phase) == ("target", "rising"), 8.0)] * 2,
    (lambda event: (event.name, event.phase) == ("baseline", "begun"), 3.0),
    *[(lambda event: (event.name, event.phase) == ("play", "begun"), 7.0)] * 6,
)
HEALED_WITHIN = 5.0
STEPS = (
    "{name: drop, fault: idle_drop, at: 500ms, hold: 1s, with: {min_closed: 1}}",
    "{name: rotate, fault: logrotate, at: 500ms, hold: 20s, with: {grown: 20MB, writers: 2}}",
    "{name: batch, fault: batch_job, at: 1s, hold: 20s, with: {burners: 2, cpu_seconds: 4, values: {rows: 2000}}}",
    "{name: storm, fault: reconnect_storm, at: 2s, hold: 20s, with: {clients: 100, keep: 9s}}",
)


@pytest.mark.usefixtures("nothing_left")
def test_a_hundred_kills_leave_nothing_behind(tmp_path: Path) -> None:
    rng = random.Random(7)
    healed: dict[str, list[float]] = defaultdict(list)
    for number in range(KILLS):
        place = tmp_path / str(number)
        place.mkdir()
        begins, length = rng.choice(STAGES)
        phase, took = kill_one(Midnight(place), begins, rng.uniform(0.0, length))
        healed[phase].append(took)
        rows = [(name, len(times), f"{max(times):.2f} s") for name, times in sorted(healed.items())]
        tables.write("kills", ("killed", "times", "healed within, at most"), rows)
    slowest = max(max(times) for times in healed.values())
    assert slowest <= HEALED_WITHIN


def kill_one(midnight: Midnight, begins: Callable[[Event], bool] | None, after: float) -> tuple[str, float]:
    """Kill a run `after` seconds of a stage; where it was then, and the seconds until nothing of it was left."""
    target = broken.target(midnight.place / "t", "fragile", {}, quiet_within="1s")
    process = midnight.start("run", broken.experiment(midnight.place, *STEPS, play=25.0), "--target", target)
    if begins is not None:
        wait_for(midnight, process, begins)
    time.sleep(after)  # a random instant is what is tested
    process.kill()
    process.wait()
    begun = time.monotonic()
    if not midnight.runs:
        return "before the run began", 0.0
    while traces(midnight.run.id) and time.monotonic() < begun + 60:
        time.sleep(0.05)
    took = time.monotonic() - begun
    assert outstanding(midnight.run) == []
    return where(midnight), took


def where(midnight: Midnight) -> str:
    """What the run was doing when it was killed, from its own journal."""
    events = [event for event in midnight.events() if event.source != "healer"]
    acting = {event.name for event in events if event.source == "step" and event.phase == "injecting"}
    begun = {event.name for event in events if event.phase == "begun"}
    if acting:
        return f"in the play, {len(acting)} steps begun"
    if "play" in begun:
        return "in the play, no step begun"
    return "in the baseline" if "baseline" in begun else "while the target was brought up"
