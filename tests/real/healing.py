"""Waiting for a moment of a run, and for nothing to be left of it."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable

from chaos.record.journal import Event
from tests.conftest import traces
from tests.midnight import Midnight
from tests.real import broken

STORM = (
    "{name: storm, fault: reconnect_storm, at: 1s, hold: 20s, "
    "with: {clients: 40, keep: 20s, drop: 0, burst: 1, min_attempted: 1}}"
)


def quick(midnight: Midnight) -> str:
    """The fragile stack, brought up on little."""
    return broken.target(midnight.place / "t", "fragile", {})


def wait_for(midnight: Midnight, process: subprocess.Popen[bytes], wanted: Callable[[Event], bool]) -> None:
    """Until the run's journal has the event, at most two minutes; fails when the run ends before."""
    end = time.monotonic() + 120
    while time.monotonic() < end:
        if midnight.runs and any(wanted(event) for event in midnight.events()):
            return
        code = process.poll()
        assert code is None, f"ended with {code}: {(midnight.place / 'output').read_text()}"
        time.sleep(0.02)
    raise AssertionError("the event never came")


def is_injected(event: Event) -> bool:
    return event.source == "step" and event.phase == "injected"


def healed_in(midnight: Midnight) -> float:
    """Seconds until nothing of the run is left; the journal's own clock is not trusted for this."""
    begun = time.monotonic()
    while traces(midnight.run.id) and time.monotonic() < begun + 120:
        time.sleep(0.05)
    return time.monotonic() - begun
