"""The engine under a clock that obeys: each due time is played once, or reported."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select

from chaos.notify.outbox import outbox
from chaos.schedule import registered
from chaos.schedule.engine import Timing
from chaos.schedule.file import ScheduleFile
from tests.schedule.plans import HOURLY, schedule
from tests.schedule.simulated import BEGIN, World

SLOW = Timing(beat=3600.0, lease=4 * 3600.0, claim=8 * 3600.0)


def told(world: World) -> list[dict[str, Any]]:
    with world.database.begin() as connection:
        return [json.loads(row.body) for row in connection.execute(select(outbox).order_by(outbox.c.created))]


def hook(**given: object) -> dict[str, object]:
    return {"webhook": "http://127.0.0.1:1/", **given}


def test_weeks_across_a_clock_change_start_every_run_due_and_none_twice(tmp_path: Path) -> None:
    nightly = schedule("30 2 * * *", "America/New_York")
    often = schedule("0 */6 * * *", name="often", target="other", jitter="5m")
    world = World(tmp_path, nightly, often, timing=SLOW)
    world.add()
    world.pass_(weeks=2, minutes=10)
    world.assert_each_once()
    assert world.states() == {"ended": len(world.due(nightly)) + len(world.due(often))}
    assert world.machine.started == {"nightly": 14, "often": 56}


def test_a_run_starts_at_its_time_and_not_with_the_next_beat(tmp_path: Path) -> None:
    world = World(tmp_path, HOURLY)
    world.add()
    world.pass_(hours=3)
    assert [at - due for (_, at), due in zip(world.machine.at, world.due(HOURLY), strict=True)] == [
        timedelta()
    ] * 3


def test_runs_due_while_no_scheduler_ran_are_reported_and_the_newest_is_still_played(tmp_path: Path) -> None:
    world = World(tmp_path, HOURLY)
    world.add()
    world.pass_(hours=2, minutes=10)
    world.kill_all()
    world.pass_(hours=5, minutes=10)  # 19:20: the one of 19:00 may still start
    world.add()
    world.pass_(minutes=10)
    world.assert_each_once()
    assert world.states() == {"ended": 3, "missed": 4}
    assert world.machine.at[-1][1] <= BEGIN + timedelta(hours=7, minutes=25)


def test_a_run_later_than_its_limit_is_missed(tmp_path: Path) -> None:
    world = World(tmp_path, HOURLY)
    world.add()
    world.pass_(minutes=5)
    world.kill_all()
    world.pass_(minutes=90)  # 13:35
    world.add()
    world.pass_(minutes=10)
    assert world.states() == {"missed": 1}
    assert world.rows()[0].because == "could not start within 30m of its due time"


def test_a_laptop_that_slept_plays_the_newest_or_says_that_it_was_missed(tmp_path: Path) -> None:
    world = World(tmp_path, HOURLY)
    world.add()
    world.pass_(minutes=30)
    world.sleep(hours=5)  # wakes at 17:30
    world.step()
    assert world.states() == {"missed": 4, "running": 1}
    world.sleep(minutes=45)  # while the run is being played: 18:15
    world.pass_(minutes=10)
    world.assert_each_once()
    assert world.states() == {"missed": 4, "ended": 2}


def test_a_clock_that_is_set_back_plays_nothing_again(tmp_path: Path) -> None:
    world = World(tmp_path, HOURLY)
    world.add()
    world.pass_(hours=3, minutes=5)
    world.sleep(hours=-2.5)
    world.pass_(hours=2.5)
    assert world.machine.started == {"hourly": 3}
    world.pass_(hours=2)
    world.assert_each_once()
    assert world.machine.started == {"hourly": 5}


def test_a_schedule_first_seen_by_a_clock_that_was_years_ahead_runs_when_it_is_right(tmp_path: Path) -> None:
    for right_when_it_runs in (True, False):
        place = tmp_path / f"{right_when_it_runs}"
        place.mkdir()
        world = World(place, HOURLY)
        world.clock.at += timedelta(days=4000)
        world.add()
        world.pass_(minutes=5)
        if right_when_it_runs:
            world.kill_all()
            world.add()
        world.sleep(days=-4000)
        world.pass_(hours=2)
        assert world.machine.started == {"hourly": 2} and world.states() == {"ended": 2}


def test_a_second_run_on_one_target_waits_until_the_first_has_ended(tmp_path: Path) -> None:
    world = World(tmp_path, schedule("0 * * * *", name="one"), schedule("0 * * * *", name="two"))
    world.machine.length = 600
    world.add()
    world.pass_(minutes=75)
    (_, first), (_, second) = world.machine.at
    assert second - first >= timedelta(minutes=10)
    assert world.states() == {"ended": 1, "running": 1}


def test_a_second_run_on_one_target_is_refused_if_configured(tmp_path: Path) -> None:
    two = schedule("0 * * * *", name="two", when_busy="refuse", on_fail={"notify": ["ops"]})
    world = World(tmp_path, schedule("0 * * * *", name="one"), two, ops=hook())
    world.add()
    world.pass_(minutes=75)
    assert world.states("two") == {"refused": 1} and world.states("one") == {"ended": 1}
    assert "is in use by one" in world.rows("two")[0].because
    assert [body["event"] for body in told(world)] == ["missed"]


def test_a_run_that_waits_too_long_for_its_target_is_missed(tmp_path: Path) -> None:
    world = World(tmp_path, HOURLY)
    world.machine.occupied = "20260301T115900Z-abcdef"
    world.add()
    world.pass_(minutes=95)
    assert world.states() == {"missed": 1} and world.machine.started == {}
    assert "target busy" in world.rows()[0].because


def test_in_a_blackout_and_while_paused_nothing_is_played_and_all_of_it_recorded(tmp_path: Path) -> None:
    dark = schedule(
        "0 * * * *", name="dark", blackout=[{"from": "14:00", "to": "16:00", "because": "freeze"}]
    )
    world = World(tmp_path, dark)
    world.add()
    world.pass_(hours=5, minutes=5)
    with world.database.begin() as connection:
        registered.pause(connection, "dark", "by hand")
    world.pass_(hours=2)
    with world.database.begin() as connection:
        registered.resume(connection, "dark")
    world.pass_(hours=1)
    world.assert_each_once()
    assert [row.state for row in world.rows()] == [
        "ended",
        *["skipped"] * 2,
        *["ended"] * 2,
        *["skipped"] * 2,
        "ended",
    ]
    assert {row.because for row in world.rows() if row.state == "skipped"} == {
        "blackout: freeze",
        "paused: by hand",
    }


def test_a_late_run_does_not_begin_in_a_blackout(tmp_path: Path) -> None:
    dark = schedule("55 12 * * *", name="dark", blackout=[{"from": "13:00", "to": "14:00"}])
    world = World(tmp_path, dark)
    world.add()
    world.pass_(minutes=50)
    world.sleep(minutes=15)
    world.pass_(minutes=5)
    assert world.states() == {"skipped": 1}


def test_a_fail_is_reported_and_pauses_and_the_first_pass_afterwards_is_a_recovery(tmp_path: Path) -> None:
    failing = schedule("0 * * * *", name="hourly", on_fail={"notify": ["ops", "all"], "pause": True})
    everything = ["fail", "unknown", "recovered", "missed", "passed"]
    world = World(tmp_path, failing, ops=hook(), all=hook(events=everything))
    codes = iter([0, 3, 1, 0, 0])
    world.machine.code = lambda _: next(codes)
    world.add()
    world.pass_(hours=4, minutes=10)
    assert [row.state for row in world.rows()] == ["ended"] * 3 + ["skipped"]
    with world.database.begin() as connection:
        assert "ended with 1" in registered.paused(connection, ["hourly"])["hourly"]
        registered.resume(connection, "hourly")
    world.pass_(hours=2)
    events = [body["event"] for body in told(world)]
    assert events == ["passed", "unknown", "unknown", "fail", "fail", "recovered", "recovered", "passed"]


def test_many_missed_runs_are_reported_in_one_message(tmp_path: Path) -> None:
    world = World(tmp_path, schedule("0 * * * *", name="hourly", on_fail={"notify": ["ops"]}), ops=hook())
    world.add()
    world.pass_(minutes=5)
    world.sleep(days=10)
    world.step()
    (body,) = told(world)
    assert body["event"] == "missed" and "239 runs from 2026-03-01 13:00 to" in body["headline"]


def test_a_changed_rule_counts_from_now_and_what_the_old_one_missed_is_reported(tmp_path: Path) -> None:
    world = World(tmp_path, HOURLY)
    world.add()
    world.pass_(minutes=5)
    world.kill_all()
    world.pass_(hours=3)
    world.file = ScheduleFile(schedules=(HOURLY.model_copy(update={"when": "*/20 * * * *"}),))
    world.add()
    world.pass_(minutes=60)
    assert [(row.due_utc - BEGIN) // timedelta(minutes=1) for row in world.rows()] == [
        60,
        120,
        180,
        200,
        220,
        240,
    ]
    assert world.states()["missed"] == 3


def test_a_file_read_again_brings_its_new_schedules(tmp_path: Path) -> None:
    world = World(tmp_path, HOURLY)
    engine = world.add()
    world.pass_(minutes=30)
    later = schedule("15 * * * *", name="later", target="other")
    engine.replace(ScheduleFile(schedules=(HOURLY, later)))
    world.pass_(hours=1)
    assert world.machine.started == {"hourly": 1, "later": 1}


def test_ten_years_of_leap_days(tmp_path: Path) -> None:
    timing = Timing(beat=10 * 86400.0, lease=2e6, claim=3e6)
    world = World(tmp_path, schedule("30 2 29 2 *", "America/New_York", name="leap"), timing=timing)
    world.add()
    world.pass_(days=3653)
    assert [row.due_utc for row in world.rows()] == [
        datetime(year, 2, 29, 7, 30, tzinfo=UTC) for year in (2028, 2032, 2036)
    ]
    assert world.states() == {"ended": 3}


def test_a_pause_stays_while_another_file_is_served(tmp_path: Path) -> None:
    world = World(tmp_path, HOURLY)
    world.add()
    world.pass_(minutes=1)
    other = schedule("0 3 * * *", name="other")
    with world.database.begin() as connection:
        registered.pause(connection, HOURLY.name, "release")
        registered.enrol(connection, [other], BEGIN, lambda *_: None)
        registered.enrol(connection, [HOURLY], BEGIN, lambda *_: None)
        assert registered.paused(connection, [HOURLY.name]) == {HOURLY.name: "paused: release"}
        registered.resume(connection, HOURLY.name)
        assert registered.paused(connection, [HOURLY.name]) == {}
