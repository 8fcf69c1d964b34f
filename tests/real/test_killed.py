"""Killed with SIGKILL at many instants, a run is undone by its watchdog."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

from chaos.record.journal import Event
from chaos.undo.heal import outstanding
from tests.midnight import Midnight
from tests.real import broken
from tests.real.healing import STORM, healed_in, is_injected, quick, wait_for

pytestmark = pytest.mark.real

HEALED_WITHIN = 90.0  # seconds, beside others; tests/full/test_kills.py holds the promise of 5

KILLS: list[tuple[str, Callable[[Event], bool]]] = [
    ("as the run begins", lambda e: e.source == "run" and e.phase == "begun"),
    ("while a directory is made", lambda e: e.phase == "creating" and e.name == "directory"),
    ("while the processes start", lambda e: e.phase == "creating" and e.name == "processes"),
    ("when the target is ready", lambda e: e.source == "target" and e.phase == "ready"),
    ("in the baseline", lambda e: e.name == "baseline"),
    ("in the play", lambda e: e.name == "play"),
    ("as a fault is injected", lambda e: e.phase == "injecting"),
    ("while faults are held", is_injected),
    ("while a fault is undone", lambda e: e.phase == "held"),
]
if os.geteuid() == 0:
    KILLS.append(("while the disks are limited", lambda e: e.phase == "creating" and e.name == "limit data"))

KEPT = "while faults are held"  # the one instant that every test run sees


@pytest.mark.parametrize(
    ("instant", "wanted"),
    [
        pytest.param(name, wanted, id=name, marks=[] if name == KEPT else pytest.mark.full)
        for name, wanted in KILLS
    ],
)
def test_a_killed_run_is_healed_by_the_watchdog(
    midnight: Midnight, instant: str, wanted: Callable[[Event], bool]
) -> None:
    short = "{name: short, fault: idle_drop, at: 500ms, hold: 300ms, with: {min_closed: 1}}"
    file = broken.experiment(midnight.place, short, STORM, play=25.0)
    process = midnight.start("run", file, "--target", quick(midnight))
    wait_for(midnight, process, wanted)

    process.kill()
    process.wait()

    assert healed_in(midnight) <= HEALED_WITHIN, instant
    assert outstanding(midnight.run) == []
    assert list((midnight.place / "state/midnight/unhealed").glob("*")) == []
