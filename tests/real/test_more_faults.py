"""The faults that mean the same on processes as on containers, on the real stack: each reaches its floor."""

from __future__ import annotations

import os

import pytest

from tests.midnight import Midnight
from tests.real import broken

pytestmark = [pytest.mark.real, pytest.mark.full]

STEPS = [
    "{name: slow, fault: latency, at: 500ms, hold: 1s, with: {delay: 100ms}}",
    "{name: narrow, fault: bandwidth, at: 2s, hold: 2s, with: {rate: 100kB/s}}",
    "{name: freeze, fault: pause, at: 5s, hold: 1s, with: {target: database}}",
    "{name: again, fault: kill, at: 7s, hold: 500ms, with: {target: api, signal: USR1}}",
]
if os.geteuid() == 0:  # as an ordinary user the logs are on the machine's own disk, which is never filled
    STEPS.append("{name: full, fault: disk_full, at: 8s, hold: 500ms, with: {volume: logs}}")


def test_on_processes_they_reach_their_floors_and_are_undone(midnight: Midnight) -> None:
    file = broken.experiment(midnight.place, *STEPS, play=14.0, extra="limits: {recovery: 5s}")

    done = midnight("run", file, "--profile", "hardened")

    effects = {name: each for name, each in midnight.outcomes().items() if name.startswith("effect")}
    assert set(effects.values()) == {"pass"} and len(effects) == len(STEPS), (
        effects,
        done.err,
        done.out[-3000:],
    )
    undone = {event.name for event in midnight.events() if event.phase == "undone"}
    assert undone == {"slow", "narrow", "freeze", "again"} | ({"full"} if len(STEPS) == 5 else set())
