"""The faults on a disk of midnight's own, on the embedded stack: each reaches its floor, and is undone after a kill."""

from __future__ import annotations

import pytest

from chaos.host.disk import attached
from chaos.host.privileges import is_root
from chaos.undo.heal import outstanding
from tests.midnight import Midnight
from tests.real import broken
from tests.real.healing import healed_in, is_injected, quick, wait_for
from tests.real.test_killed import HEALED_WITHIN

pytestmark = [
    pytest.mark.real,
    pytest.mark.full,
    pytest.mark.skipif(attached.why_not() is not None, reason=f"no disk can be served: {attached.why_not()}"),
]

STEPS = {
    "slow": "fault: disk_limit, with: {volume: data, write: 1MB}",
    "late": "fault: disk_delay, with: {flush: 50ms}",
    "stall": "fault: disk_stall",
    "bad": "fault: disk_error, with: {at_most: 3}",
}
if not is_root():
    del STEPS["bad"]  # refused: fuse2fs hides errors
AT = {"slow": 0.5, "late": 3.5, "stall": 7, "bad": 10}  # seconds into the play


def step(name: str, at: float, hold: float) -> str:
    return f"{{name: {name}, at: {at}s, hold: {hold}s, {STEPS[name]}}}"


def test_on_the_stack_they_reach_their_floors_and_are_undone(midnight: Midnight) -> None:
    # PostgreSQL restarts after the first error: it trusts no page that could not be synced
    steps = [step(name, at, 1.5) for name, at in AT.items() if name in STEPS]
    file = broken.experiment(midnight.place, *steps, play=20.0, extra="limits: {recovery: 15s}")

    done = midnight("run", file, "--target", quick(midnight))

    effects = {name: each for name, each in midnight.outcomes().items() if name.startswith("effect")}
    assert set(effects.values()) == {"pass"} and len(effects) == len(STEPS), (
        effects,
        done.err,
        done.out[-3000:],
    )
    assert {event.name for event in midnight.events() if event.phase == "undone"} == set(STEPS)


@pytest.mark.parametrize("name", STEPS)
def test_killed_while_one_is_held_a_run_is_healed(midnight: Midnight, name: str) -> None:
    file = broken.experiment(midnight.place, step(name, 0.5, 20), play=25.0)
    process = midnight.start("run", file, "--target", quick(midnight))
    wait_for(midnight, process, is_injected)

    process.kill()
    process.wait()

    assert healed_in(midnight) <= HEALED_WITHIN
    assert outstanding(midnight.run) == []
