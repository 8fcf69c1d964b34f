"""When a schedule is due, against a slow and obvious oracle, over ten years in several zones."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import islice, pairwise, takewhile
from zoneinfo import ZoneInfo

import pytest
from apscheduler.triggers.cron import CronTrigger
from hypothesis import given, settings
from hypothesis import strategies as st

from chaos.schedule.due import blacked_out, due_times, due_within, next_start, start_of
from tests.schedule.oracle import Times, walk
from tests.schedule.plans import schedule

ZONES = (
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",  # half an hour of summer time
    "Asia/Kathmandu",
    "Pacific/Apia",  # had no 30 December 2011
    "UTC",
)
ODD = ("Australia/Lord_Howe", "Pacific/Apia")
BEGIN, END = datetime(2011, 6, 1, tzinfo=UTC), datetime(2021, 6, 1, tzinfo=UTC)


def always(_: date) -> bool:
    return True


DAILY = "0,30 0,2 * * *"
RULES = {
    DAILY: Times((time(0, 0), time(0, 30), time(2, 0), time(2, 30)), always),
    "45 1,2 * * sun": Times((time(1, 45), time(2, 45)), lambda day: day.weekday() == 6),
    "0 0 29 2 *": Times((time(0, 0),), lambda day: (day.month, day.day) == (2, 29)),
    "first sunday 02:00": Times((time(2, 0),), lambda day: day.weekday() == 6 and day.day <= 7),
    "last day 23:30": Times((time(23, 30),), lambda day: (day + timedelta(days=1)).day == 1),
    "15 2 13 * 5": Times((time(2, 15),), lambda day: day.day == 13 or day.weekday() == 4),
}


@pytest.mark.parametrize(
    ("zone", "when"),
    [
        (zone, when)
        if zone == ZONES[0] or (when == DAILY and zone in ODD)
        else pytest.param(zone, when, marks=pytest.mark.full)
        for zone in ZONES
        for when in RULES
    ],
)
def test_ten_years_are_as_the_clock_on_the_wall_says(zone: str, when: str) -> None:
    found = takewhile(lambda due: due <= END, due_times(schedule(when, zone), BEGIN))
    assert list(found) == list(walk(RULES[when], ZoneInfo(zone), BEGIN, END))


@settings(max_examples=30)
@given(
    st.sampled_from(ZONES),
    st.lists(st.integers(0, 59), min_size=1, max_size=4, unique=True),
    st.lists(st.integers(0, 23), min_size=1, max_size=6, unique=True),
    st.lists(st.integers(0, 6), min_size=1, max_size=7, unique=True),
    st.integers(0, 3650),
)
def test_every_rule_follows_the_clock_on_the_wall(
    zone: str, minutes: list[int], hours: list[int], weekdays: list[int], day: int
) -> None:
    of_day = tuple(time(hour, minute) for hour in hours for minute in minutes)
    times = Times(of_day, lambda day: (day.weekday() + 1) % 7 in weekdays)
    when = " ".join(
        [*(",".join(map(str, some)) for some in (minutes, hours)), "* *", ",".join(map(str, weekdays))]
    )
    begin = BEGIN + timedelta(days=day, minutes=day)
    end = begin + timedelta(days=20)
    found = takewhile(lambda due: due <= end, due_times(schedule(when, zone), begin))
    assert list(found) == list(walk(times, ZoneInfo(zone), begin, end))


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia"])
def test_wherever_one_begins_to_look_the_due_times_are_the_same(zone: str) -> None:
    night = schedule("*/10 0-4 * * *", zone)
    begin = datetime(2011, 12, 29, tzinfo=UTC)
    every = list(takewhile(lambda due: due < begin + timedelta(days=120), due_times(night, begin)))
    assert all(later > due for due, later in pairwise(every))
    for due, later in pairwise(every):
        assert next(due_times(night, due)) == later
        assert next(due_times(night, later - timedelta(seconds=1))) == later


def test_a_time_that_does_not_exist_is_due_once_right_after_the_gap() -> None:
    gap = datetime(2026, 3, 29, 1, 0, tzinfo=UTC)  # 02:00 becomes 03:00 in Berlin
    for when in ("30 2 * * *", "*/15 2 29 3 *", "0,30 2,3 29 3 *"):
        assert next(due_times(schedule(when, "Europe/Berlin"), gap - timedelta(hours=1))) == gap
    twice = due_times(schedule("0 2,3 29 3 *", "Europe/Berlin"), gap - timedelta(hours=1))
    assert list(islice(twice, 2)) == [gap, datetime(2027, 3, 29, 0, 0, tzinfo=UTC)]


def test_a_time_that_comes_twice_is_due_the_first_time_only() -> None:
    found = due_times(schedule("30 2 25 10 *", "Europe/Berlin"), datetime(2026, 10, 24, tzinfo=UTC))
    assert list(islice(found, 2)) == [
        datetime(2026, 10, 25, 0, 30, tzinfo=UTC),
        datetime(2027, 10, 25, 0, 30, tzinfo=UTC),
    ]


def test_a_look_in_the_repeated_hour_returns_no_past_time() -> None:
    second = datetime(2026, 10, 25, 1, 5, tzinfo=UTC)  # 02:05 in Berlin, for the second time
    assert next(due_times(schedule("*/10 * * * *", "Europe/Berlin"), second)) == datetime(
        2026, 10, 25, 2, 0, tzinfo=UTC
    )


def test_a_cron_trigger_in_a_zone_runs_twice_in_a_repeated_hour() -> None:
    """The reason why it is asked in UTC here: should this fail one day, `zones` may have become needless."""
    zone = ZoneInfo("Europe/Berlin")
    trigger = CronTrigger(hour=2, minute=30, timezone=zone)
    first = trigger.get_next_fire_time(None, datetime(2026, 10, 25, 0, 0, tzinfo=zone))
    second = trigger.get_next_fire_time(first, first)
    assert (second.astimezone(UTC) - first.astimezone(UTC)) == timedelta(hours=1)


def test_the_jitter_is_the_same_for_everybody_and_within_its_bounds() -> None:
    spread = schedule("0 * * * *", jitter="10m")
    dues = list(islice(due_times(spread, BEGIN), 500))
    delays = [(start_of(spread, due) - due).total_seconds() for due in dues]
    assert all(0 <= delay < 600 for delay in delays) and len(set(delays)) > 200
    assert delays == [(start_of(spread, due) - due).total_seconds() for due in dues]
    other = spread.model_copy(update={"name": "other"})
    assert [start_of(other, due) for due in dues] != [start_of(spread, due) for due in dues]


def test_the_next_start_is_the_first_one_after_the_instant() -> None:
    spread = schedule("0 * * * *", jitter="10m")
    starts = [start_of(spread, due) for due in islice(due_times(spread, BEGIN), 50)]
    for start, later in pairwise(starts):
        assert next_start(spread, start) == later
        assert next_start(spread, start - timedelta(seconds=1)) == start
    assert list(due_within(spread, BEGIN, starts[3]))[-1] == BEGIN + timedelta(hours=4)
    assert len(list(due_within(spread, BEGIN, starts[3] - timedelta(seconds=1)))) == 3


@pytest.mark.parametrize(
    ("blackout", "inside", "outside"),
    [
        (
            {"days": ["fri"], "from": "22:00", "to": "23:00"},
            ("2026-11-27T22:00", "2026-11-27T22:59"),
            "2026-11-27T23:00",
        ),
        (
            {"days": ["fri"], "from": "23:00", "to": "01:00"},
            ("2026-11-27T23:00", "2026-11-28T00:59"),
            "2026-11-27T00:30",
        ),
        ({"from": "22:00", "to": "24:00"}, ("2026-11-27T22:00", "2026-11-28T23:59"), "2026-11-27T00:00"),
        ({"date": "2026-12-24"}, ("2026-12-24T00:00", "2026-12-24T23:59"), "2026-12-25T00:00"),
        (
            {"from": "2026-12-20", "to": "2027-01-02"},
            ("2026-12-20T00:00", "2027-01-02T23:59"),
            "2027-01-03T00:00",
        ),
    ],
)
def test_a_blackout_holds_by_the_clock_of_the_schedules_zone(
    blackout: dict[str, object], inside: tuple[str, str], outside: str
) -> None:
    zone = ZoneInfo("America/New_York")
    dark = schedule("0 0 * * *", zone.key, blackout=[blackout])
    for wall in inside:
        assert blacked_out(dark, datetime.fromisoformat(wall).replace(tzinfo=zone))
    assert blacked_out(dark, datetime.fromisoformat(outside).replace(tzinfo=zone)) is None
