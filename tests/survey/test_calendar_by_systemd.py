"""OnCalendar's instants against systemd-analyze itself, and what needs no systemd to be known."""

from __future__ import annotations

import os
import random
import re
import shutil
import subprocess
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from chaos.survey import calendar
from chaos.survey.calendar import CalendarError
from chaos.survey.entry import Start
from tests.survey.surveying import utc

SYSTEMD = shutil.which("systemd-analyze")
COUNT = 12
HORIZON = timedelta(days=2400)
# before clocks change in the zones that are drawn, and before a leap day
BASES = ["2026-03-28T20:10", "2026-10-24T20:10", "2026-11-01T02:10", "2028-02-28T22:10"]
ZONES = ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "UTC"]
SHORTHANDS = [
    f"{each} Europe/Berlin" for each in ("hourly", "daily", "weekly", "monthly", "quarterly", "yearly")
] + ["annually", "anually", "semiannually", "semi-annually", "biannually", "bi-annually"]
RARE = {
    "00:08:30.5": ["00:08:30"],
    "00:08:0.5,30.25": ["00:08:00", "00:08:30"],
    "00:08:58/0.5": ["00:08:58", "00:08:59"],
    "00:08:30.5/15": ["00:08:30", "00:08:45"],
    "00:08:1.5..9.5/3": ["00:08:01", "00:08:04", "00:08:07"],
    "@1795910400": ["00:00:00"],
    "@1795910400 Europe/Berlin": ["00:00:00"],
}
"""What elapses in the night of 2026-11-29."""
DAYS = ["", "Mon..Fri ", "Sat,Sun ", "Mon,Wed-Fri ", "sunday "]
DATES = [
    "",
    "*-*-* ",
    "*-*-1,15 ",
    "*-*~01 ",
    "*-*~1..3 ",
    "*-2~2 ",
    "*-*-01/3 ",
    "*-10..12-* ",
    "26..28-*-* ",
    "03-* ",
]
TIMES = ["02:30", "*:00/30", "00..04:15", "1,2,3:00", "*:0/7:30", "02:00:05", "5/6:10", "00:00:00.0"]


def drawn(seed: int, count: int) -> list[str]:
    draw = random.Random(seed)
    parts = (
        (draw.choice(DAYS), draw.choice(DATES), draw.choice(TIMES), draw.choice(ZONES)) for _ in range(count)
    )
    return sorted({f"{day}{date}{time} {zone}" for day, date, time, zone in parts})


def by_systemd(event: str, base: str) -> list[datetime] | None:
    """Its own instants after the base; None if it does not accept the event."""
    command = [
        str(SYSTEMD),
        "calendar",
        f"--iterations={COUNT}",
        f"--base-time={base.replace('T', ' ')}:00 UTC",
        event,
    ]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        env={**os.environ, "TZ": "UTC", "LC_ALL": "C"},
        check=False,
        timeout=20,
    )
    if done.returncode:
        return None
    found = re.findall(r"(?:Next elapse|Iter\. #\d+): \w+ (\S+ \S+) UTC", done.stdout)
    return [utc(each.replace(" ", "T")) for each in found]


def ours(event: str, base: str) -> list[Start]:
    since, found = utc(base), list[Start]()
    parsed = calendar.parse(event, ZoneInfo("UTC"))
    until = since
    while len(found) < COUNT and until < since + HORIZON:
        begin, until = until, until + timedelta(days=30)
        found += [each for each in parsed.starts(begin, until) if each.earliest > since and each not in found]
    return [each for each in found[:COUNT] if each.earliest < since + HORIZON]


def assert_as_systemd(base: str, events: list[str]) -> None:
    wrong = {}
    for event in events:
        elapsed = by_systemd(event, base)
        assert elapsed is not None, event
        expected = [at for at in elapsed if at < utc(base) + HORIZON]
        found = ours(event, base)
        # where clocks repeat the time, it is one of two
        if len(found) != len(expected) or not all(
            at in (each.earliest, each.latest) for each, at in zip(found, expected, strict=True)
        ):
            wrong[event] = [f"{at}" for at in (*found, "systemd:", *expected)]
    assert wrong == {}


@pytest.mark.skipif(SYSTEMD is None, reason="systemd-analyze is not installed")
@pytest.mark.parametrize("base", BASES)
def test_instants_are_those_of_systemd(base: str) -> None:
    assert_as_systemd(base, [*drawn(sum(map(ord, base)), 8), *SHORTHANDS])


@pytest.mark.parametrize("event", RARE)
def test_decimals_of_seconds_and_instants_since_the_epoch_elapse_in_their_second(event: str) -> None:
    night = utc("2026-11-28T22:00"), utc("2026-11-29T06:00")
    found = [f"{each.earliest:%H:%M:%S}" for each in calendar.parse(event, ZoneInfo("UTC")).starts(*night)]
    assert found == RARE[event]
    if SYSTEMD is not None:
        elapsed = by_systemd(event, "2026-11-28T22:00")
        assert elapsed is not None
        assert list(dict.fromkeys(f"{at:%H:%M:%S}" for at in elapsed))[: len(found)] == found


@pytest.mark.full
@pytest.mark.skipif(SYSTEMD is None, reason="systemd-analyze is not installed")
@pytest.mark.parametrize("base", BASES)
def test_instants_of_many_events_are_those_of_systemd(base: str) -> None:
    assert_as_systemd(base, drawn(sum(map(ord, base)) + 1, 300))


REFUSED = [
    "Sat..Mon",
    "*:0/0",
    "25:00",
    "*/2:00",
    "*-13-01",
    "nonsense",
    "10",
    "Mon..",
    "*-*-* *-*-*",
    "",
    "1:2:3:4",
    "00:00:60.5",
    "00:00:30.5/0",
    "00:00:30.5..0",
    "00:00.5:00",
    "@99999999999999",
]


@pytest.mark.parametrize("event", REFUSED)
def test_what_systemd_refuses_is_refused(event: str) -> None:
    if SYSTEMD is not None and event:
        assert by_systemd(event, BASES[0]) is None
    with pytest.raises(CalendarError):
        calendar.parse(event, ZoneInfo("UTC"))


def test_only_a_time_that_clocks_repeat_is_uncertain() -> None:
    event = calendar.parse("*-*-* 01..03:30 Europe/Berlin", ZoneInfo("UTC"))
    found = list(event.starts(utc("2026-10-24T22:00"), utc("2026-10-25T12:00")))
    assert [(f"{each.earliest:%H:%M}", f"{each.latest:%H:%M}") for each in found] == [
        ("23:30", "23:30"),
        ("00:30", "01:30"),
        ("02:30", "02:30"),
    ]


def test_an_unknown_zone_is_refused_by_name() -> None:
    with pytest.raises(CalendarError, match="unknown time zone 'Mars/Olympus'"):
        calendar.parse("daily Mars/Olympus", ZoneInfo("UTC"))


def test_the_event_is_in_the_machines_zone_unless_it_names_one() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    assert calendar.parse("02:00", berlin).zone == berlin
    assert calendar.parse("02:00 UTC", berlin).zone == ZoneInfo("UTC")


def test_a_start_is_late_by_up_to_the_spread_and_reaches_into_the_night() -> None:
    event = calendar.spread_over(calendar.parse("21:30", ZoneInfo("UTC")), timedelta(hours=1))
    (start,) = event.starts(utc("2026-11-27T22:00"), utc("2026-11-28T06:00"))
    assert (start.earliest, start.latest) == (utc("2026-11-27T21:30"), utc("2026-11-27T22:30"))
    exact = calendar.parse("21:30", ZoneInfo("UTC"))
    assert list(exact.starts(utc("2026-11-27T22:00"), utc("2026-11-28T06:00"))) == []
