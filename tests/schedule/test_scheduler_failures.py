"""Schedulers that are killed, stopped, frozen and started again: no run is lost, none is played twice."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.schedule.plans import HOURLY, NIGHTLY
from tests.schedule.simulated import Killed, World

EVENTS = ["kill", "stop", "add", "sleep", "back", "cut", "pass"]


def test_a_restarted_scheduler_goes_on_where_the_other_one_ended(tmp_path: Path) -> None:
    world = World(tmp_path, HOURLY)
    for _ in range(5):
        engine = world.add()
        world.pass_(hours=1, minutes=17)
        engine.finish()
        world.kill_all()
    world.assert_each_once()
    assert world.machine.started == {"hourly": 6} and set(world.states()) == {"ended"}


def test_a_leader_killed_before_it_claimed_leaves_the_run_to_the_other(tmp_path: Path) -> None:
    world = World(tmp_path, HOURLY)
    leader, other = world.add(), world.add()
    world.pass_(minutes=59)
    assert leader.leads and not other.leads
    world.schedulers.pop(0)
    world.pass_(minutes=30)
    assert other.leads
    assert world.states() == {"ended": 1} and world.machine.started == {"hourly": 1}


def test_a_leader_killed_when_it_has_claimed_is_reported_by_the_other_which_plays_nothing_again(
    tmp_path: Path,
) -> None:
    world = World(tmp_path, HOURLY)
    _, other = world.add(), world.add()
    world.machine.kill = _once(world)
    world.pass_(minutes=90)
    assert other.leads
    assert world.states() == {"missed": 1} and world.machine.started == {}
    assert "disappeared while it was running" in world.rows()[0].because
    world.pass_(hours=2)
    world.assert_each_once()


def test_a_leader_that_was_stopped_for_a_while_starts_nothing_when_it_goes_on(tmp_path: Path) -> None:
    world = World(tmp_path, HOURLY)
    leader, _ = world.add(), world.add()
    world.pass_(minutes=59)
    stopped = world.schedulers.pop(0)
    world.pass_(minutes=30)
    world.schedulers.insert(0, stopped)
    world.pass_(hours=2)
    assert not leader.leads
    world.assert_each_once()
    assert world.machine.started == {"hourly": 3}


@settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    st.lists(
        st.tuples(st.sampled_from(EVENTS), st.integers(1, 90)),
        max_size=10,
    )
)
def test_scheduler_failures_lose_no_run_and_play_none_twice(
    tmp_path_factory: pytest.TempPathFactory, events: list[tuple[str, int]]
) -> None:
    world = World(tmp_path_factory.mktemp("world"), HOURLY, NIGHTLY)
    world.add()
    world.step()
    furthest = world.clock.at
    for what, minutes in events:
        if what == "kill" and world.schedulers:
            world.schedulers.pop(0)
        elif what == "stop" and world.schedulers:
            world.schedulers.pop(0)[0].finish()
        elif what == "add":
            world.add()
        elif what in ("sleep", "back"):
            world.sleep(minutes=minutes if what == "sleep" else -minutes)
        elif what == "cut":
            world.machine.kill = _once(world)
        world.pass_(minutes=minutes)
        furthest = max(furthest, world.clock.at)
    world.machine.kill = lambda: None
    world.add()
    world.pass_(minutes=(furthest - world.clock.at).total_seconds() / 60 + 60)
    world.assert_each_once()
    assert not {row.state for row in world.rows() if row.due_utc < world.clock.at - timedelta(minutes=20)} & {
        "claimed",
        "running",
    }


def _once(world: World) -> Callable[[], None]:
    """Kills the scheduler that starts the next run, in that moment."""

    def kill() -> None:
        world.machine.kill = lambda: None
        raise Killed

    return kill


def test_a_scheduler_that_stops_leaves_what_waits_to_the_next_one(tmp_path: Path) -> None:
    world = World(tmp_path, HOURLY)
    world.machine.occupied = "20260301T115900Z-abcdef"
    engine = world.add()
    world.pass_(minutes=65)
    assert world.states() == {"claimed": 1}
    engine.finish()
    world.kill_all()
    world.machine.occupied = None
    world.add()
    world.pass_(minutes=10)
    assert world.states() == {"ended": 1}


def test_stopping_ends_the_run_that_is_being_played_and_waits_for_it(tmp_path: Path) -> None:
    world = World(tmp_path, HOURLY)
    world.machine.length = 3600
    engine = world.add()
    world.pass_(minutes=65)
    assert engine.playing
    engine.finish()
    assert not engine.playing and not engine.leads
    assert world.rows()[0].exit_code == 4
