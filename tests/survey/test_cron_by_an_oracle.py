"""Cron's due minutes against the daemon's own loop, minute by minute, over clock changes too."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chaos.survey import cron
from chaos.survey.cron import CronError, Daemon
from tests.survey.surveying import utc

MINUTE = timedelta(minutes=1)
RANGES = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
NAMES = {3: dict(jan=1, nov=11, dec=12, mar=3), 4: dict(sun=0, fri=5, sat=6, mon=1)}
# nights in which clocks change, in zones that change by an hour, by half an hour, and not at all
NIGHTS = [
    ("Europe/Berlin", "2026-03-28T20:00"),
    ("Europe/Berlin", "2026-10-24T20:00"),
    ("America/New_York", "2026-03-08T02:00"),
    ("America/New_York", "2026-11-01T02:00"),
    ("Australia/Lord_Howe", "2026-04-04T10:00"),
    ("Australia/Lord_Howe", "2026-10-03T10:00"),
    ("Asia/Kolkata", "2026-12-31T14:00"),
    ("UTC", "2026-02-28T20:00"),
]


def matches(field: str, index: int, value: int) -> bool:
    """The obvious reading of one field: does any of its items hold the value?"""
    low, high = RANGES[index]
    values = {value} | ({7 if value == 0 else 0} if index == 4 and value in (0, 7) else set())
    for item in field.split(","):
        body, _, step = item.partition("/")
        for name, number in NAMES.get(index, {}).items():
            body = re.sub(rf"\b{name}\b", str(number), body)
        first, last = (low, high) if body == "*" else (int(body.split("-")[0]), int(body.split("-")[-1]))
        if any(first <= each <= last and (each - first) % int(step or 1) == 0 for each in values):
            return True
    return False


def fits(fields: list[str], wall: datetime) -> bool:
    minute, hour, day, month, weekday = fields
    days = matches(day, 2, wall.day), matches(weekday, 4, (wall.weekday() + 1) % 7)
    starred = day.startswith("*") or weekday.startswith("*")
    on_day = all(days) if starred else any(days)
    return (
        matches(minute, 0, wall.minute)
        and matches(hour, 1, wall.hour)
        and matches(month, 3, wall.month)
        and on_day
    )


def as_the_daemon(fields: list[str], zone: ZoneInfo, since: datetime, until: datetime) -> list[datetime]:
    """cron's own loop: its virtual clock follows the wall clock, and catches up or waits where that jumps."""
    wild = fields[0].startswith("*") or fields[1].startswith("*")
    at = since - timedelta(days=1)
    virtual, found = at.astimezone(zone).replace(tzinfo=None) - MINUTE, []
    while at < until:
        now = at.astimezone(zone).replace(tzinfo=None)
        jump = (now - virtual) // MINUTE
        runs = False
        if jump == 1:
            virtual, runs = now, fits(fields, now)
        elif jump > 1:
            runs = wild and fits(fields, now)
            while virtual < now:
                virtual += MINUTE
                runs = runs or (not wild and fits(fields, virtual))
        else:
            runs = wild and fits(fields, now)
        if runs and at >= since:
            found.append(at)
        at += MINUTE
    return found


def minute_by_minute(fields: list[str], zone: ZoneInfo, since: datetime, until: datetime) -> list[datetime]:
    minutes = (since + MINUTE * n for n in range((until - since) // MINUTE))
    return [at for at in minutes if fits(fields, at.astimezone(zone).replace(tzinfo=None))]


@st.composite
def a_field(draw: st.DrawFn, index: int) -> str:
    low, high = RANGES[index]

    def item() -> str:
        first = draw(st.integers(low, high))
        last = draw(st.integers(first, high))
        step = f"/{draw(st.integers(1, 20))}"
        choices = [
            "*",
            f"*{step}",
            str(first),
            f"{first}-{last}",
            f"{first}-{last}{step}",
            *NAMES.get(index, {}),
        ]
        return draw(st.sampled_from(choices))

    return ",".join(item() for _ in range(draw(st.sampled_from([1, 1, 1, 2, 3]))))


def the_minute() -> st.SearchStrategy[str]:
    return st.one_of(a_field(0), st.sampled_from(["0", "30", "*/15", "59"]))


EXPRESSIONS = st.tuples(
    the_minute(),
    st.one_of(a_field(1), st.sampled_from(["*", "1-3", "2", "3"])),
    st.one_of(st.just("*"), a_field(2)),
    st.one_of(st.just("*"), a_field(3)),
    st.one_of(st.just("*"), a_field(4)),
).map(list)


def due(
    fields: list[str], zone: ZoneInfo, since: datetime, until: datetime, daemon: Daemon
) -> list[datetime]:
    return [each.earliest for each in cron.parse(" ".join(fields), zone, daemon).starts(since, until)]


def assert_as_the_daemon(name: str, begin: str, fields: list[str]) -> None:
    zone, since = ZoneInfo(name), utc(begin)
    until = since + timedelta(hours=12)
    assert due(fields, zone, since, until, Daemon.CRON) == as_the_daemon(fields, zone, since, until)


@pytest.mark.parametrize(("name", "begin"), NIGHTS)
@settings(max_examples=12)
@given(fields=EXPRESSIONS)
def test_due_minutes_are_those_of_the_daemons_own_loop(name: str, begin: str, fields: list[str]) -> None:
    assert_as_the_daemon(name, begin, fields)


@pytest.mark.full
@pytest.mark.parametrize(("name", "begin"), NIGHTS)
@settings(max_examples=400)
@given(fields=EXPRESSIONS)
def test_due_minutes_of_many_expressions_are_those_of_the_daemons_own_loop(
    name: str, begin: str, fields: list[str]
) -> None:
    assert_as_the_daemon(name, begin, fields)


@pytest.mark.parametrize(("name", "begin"), NIGHTS[:4])
@settings(max_examples=10)
@given(fields=EXPRESSIONS)
def test_with_cron_tz_each_minute_of_that_zones_clock_counts(
    name: str, begin: str, fields: list[str]
) -> None:
    zone, since = ZoneInfo(name), utc(begin)
    until = since + timedelta(hours=12)
    assert due(fields, zone, since, until, Daemon.CRON_TZ) == minute_by_minute(fields, zone, since, until)


@pytest.mark.parametrize(
    ("text", "night", "expected"),
    [
        ("30 2 * * *", "2026-03-28T20:00", ["01:00"]),  # skipped: caught up at once
        ("30 2 * * *", "2026-10-24T20:00", ["00:30"]),  # repeated: runs once
        ("30 * * * *", "2026-10-25T00:00", ["00:30", "01:30", "02:30", "03:30"]),  # by the hour: runs twice
    ],
)
def test_a_clock_change_moves_a_job_as_cron_documents(text: str, night: str, expected: list[str]) -> None:
    since = utc(night)
    until = since + timedelta(hours=4 if night.endswith("00:00") else 12)
    found = cron.parse(text, ZoneInfo("Europe/Berlin")).starts(since, until)
    assert [f"{each.earliest:%H:%M}" for each in found] == expected


def test_kubernetes_skips_and_repeats_where_cron_does_not() -> None:
    zone = ZoneInfo("Europe/Berlin")
    event = cron.parse("30 2 * * *", zone, Daemon.GO)
    spring, autumn = utc("2026-03-28T20:00"), utc("2026-10-24T20:00")
    assert list(event.starts(spring, spring + timedelta(hours=12))) == []
    found = [each.earliest for each in event.starts(autumn, autumn + timedelta(hours=12))]
    assert found == [utc("2026-10-25T00:30"), utc("2026-10-25T01:30")]


REFUSED = (
    "|* * * *|60 * * * *|* 24 * * *|* * 0 * *|* * * 13 *|* * * * 8|*/0 * * * *|5-1 * * * *|a * * * *|1,,2 * * * *|"
    "@fortnightly|5/10 * * * *|* * * * mon-sun|? * * * *|-1 * * * *"
)


@pytest.mark.parametrize(
    "text",
    REFUSED.split("|"),
)
def test_what_cron_rejects_is_refused(text: str) -> None:
    with pytest.raises(CronError):
        cron.parse(text, ZoneInfo("UTC"))


def test_go_reads_steps_stars_and_sundays_its_own_way() -> None:
    zone = ZoneInfo("UTC")
    assert cron.parse("5/20 * * * ?", zone, Daemon.GO).minutes == {5, 25, 45}
    assert cron.parse("0 0 */2 * mon", zone, Daemon.GO).either
    assert not cron.parse("0 0 */2 * mon", zone).either
    with pytest.raises(CronError):
        cron.parse("0 0 * * 7", zone, Daemon.GO)


def test_seconds_of_ofelia_are_kept() -> None:
    event = cron.parse_seconds("15,45 0 3 * * *", ZoneInfo("UTC"))
    found = [each.earliest for each in event.starts(utc("2026-01-01"), utc("2026-01-02"))]
    assert [f"{at:%H:%M:%S}" for at in found] == ["03:00:15", "03:00:45"]


def test_a_clock_set_by_a_day_is_not_caught_up() -> None:
    # Samoa left out 30 December 2011
    event = cron.parse("0 12 * * *", ZoneInfo("Pacific/Apia"))
    found = [
        each.earliest
        for each in event.starts(datetime(2011, 12, 29, tzinfo=UTC), datetime(2012, 1, 1, tzinfo=UTC))
    ]
    assert found == [utc("2011-12-29T22:00"), utc("2011-12-30T22:00"), utc("2011-12-31T22:00")]
