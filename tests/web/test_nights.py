"""A night lasts from noon to noon where the server is, also when clocks change."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaos.web import nights

ZONES = [
    ZoneInfo(name)
    for name in ("UTC", "Europe/Berlin", "America/Los_Angeles", "Asia/Kathmandu", "Pacific/Apia")
]
NOW = datetime(2026, 11, 10, 9, 0, tzinfo=UTC)  # clocks in Berlin and Los Angeles have just changed


@pytest.mark.parametrize(
    ("instant", "night"),
    [
        ("2026-11-09T23:59:00+01:00", date(2026, 11, 9)),
        ("2026-11-10T00:30:00+01:00", date(2026, 11, 9)),
        ("2026-11-10T11:59:59+01:00", date(2026, 11, 9)),
        ("2026-11-10T12:00:00+01:00", date(2026, 11, 10)),
        ("2026-10-25T02:30:00+02:00", date(2026, 10, 24)),  # the hour that comes twice
        ("2026-10-25T02:30:00+01:00", date(2026, 10, 24)),
    ],
)
def test_a_night_has_the_date_of_its_evening(instant: str, night: date) -> None:
    assert nights.night_of(datetime.fromisoformat(instant), ZoneInfo("Europe/Berlin")) == night


@given(
    st.lists(st.integers(0, 90 * 86400), max_size=20),
    st.sampled_from(ZONES),
    st.sampled_from(["pass", "fail", "unknown", None, "odd"]),
)
def test_each_run_is_in_the_night_that_its_clock_says(
    ages: list[int], zone: ZoneInfo, verdict: str | None
) -> None:
    instants = [NOW - timedelta(seconds=age) for age in ages]
    weeks = nights.calendar([(nights.stamp(each), verdict, 1) for each in instants], NOW, zone)
    shown = {
        night.date: sum(count for _, count in night.counts)
        for week in weeks
        for night in week
        if night.counts
    }
    first = nights.first_shown(NOW, zone)
    expected: dict[date, int] = {}
    for each in instants:
        night = nights.night_of(each, zone)
        if night >= first:
            expected[night] = expected.get(night, 0) + 1
    assert shown == expected


def test_the_calendar_is_thirteen_weeks_from_monday_to_sunday() -> None:
    weeks = nights.calendar([], NOW, ZONES[0])
    days = [night.date for week in weeks for night in week]
    assert days == [days[0] + timedelta(days=number) for number in range(91)]
    assert days[0].weekday() == 0
    assert [night.date for week in weeks for night in week if night.ahead] == [
        date(2026, 11, 10 + number) for number in range(6)
    ]


def test_the_worst_verdict_marks_a_night() -> None:
    at = "2026-11-09T23:00:00+00:00"
    starts = [(at, "pass", 5), (at, "unknown", 1), (at, None, 1)]
    last = nights.last_night(nights.calendar(starts, NOW, ZONES[0]), date(2026, 11, 10))
    assert last is not None
    assert (last.mark, last.said) == ("U", "1 unknown, 1 no verdict, 5 pass")
    assert nights.called(last, date(2026, 11, 10)) == "Last night"


def test_last_night_comes_before_a_run_of_today() -> None:
    starts = [("2026-11-09T23:00:00+00:00", "fail", 1), ("2026-11-10T13:00:00+00:00", "pass", 1)]
    now = datetime(2026, 11, 10, 15, 0, tzinfo=UTC)
    weeks = nights.calendar(starts, now, ZONES[0])
    last = nights.last_night(weeks, now.date())
    assert last is not None
    assert last.mark == "F"
