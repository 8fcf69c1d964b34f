"""Cron expressions, and the minutes at which they are due, as the daemons decide them.

APScheduler's CronTrigger is not used: it wants the day of month *and* the day of week, counts weekdays from Monday, and
has rules of its own for the nights on which the clocks change.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from functools import lru_cache
from zoneinfo import ZoneInfo

from chaos.survey.entry import Start

_MONTHS = dict(jan=1, feb=2, mar=3, apr=4, may=5, jun=6, jul=7, aug=8, sep=9, oct=10, nov=11, dec=12)
_DAYS = dict(sun=0, mon=1, tue=2, wed=3, thu=4, fri=5, sat=6)
_NICKNAMES = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_MINUTE = timedelta(minutes=1)
_CATCHES_UP = timedelta(
    hours=3
)  # a longer jump is a clock that was set, not a change of daylight saving time
_ITEM = re.compile(r"(?:(\*|\?)|([0-9a-z]+)(?:-([0-9a-z]+))?)(?:/(\d+))?")


class CronError(ValueError):
    """An expression that the daemon rejects, or whose meaning differs between daemons."""


class Daemon(Enum):
    """Who reads the expression."""

    CRON = "cron"  # Vixie cron and cronie; in the daemon's own zone, times skipped by the clock are caught up
    CRON_TZ = "cron_tz"  # cronie, with CRON_TZ: compares the clock of that zone, minute by minute
    GO = "go"  # robfig/cron: Kubernetes and ofelia; compares likewise, and has its own rules of syntax


@dataclass(frozen=True, slots=True)
class Cron:
    """When an expression is due, in the zone."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]  # 0: Sunday
    either: bool  # the day of month or the day of week, as both are restricted
    wild: bool  # its minute or hour begins with `*`: never caught up
    zone: ZoneInfo
    daemon: Daemon = Daemon.CRON
    seconds: tuple[int, ...] = (0,)

    def fits(self, wall: datetime) -> bool:
        """True if the clock's minute fits the expression."""
        if wall.minute not in self.minutes or wall.hour not in self.hours or wall.month not in self.months:
            return False
        day, weekday = wall.day in self.days, wall.isoweekday() % 7 in self.weekdays
        return (day or weekday) if self.either else (day and weekday)

    def starts(self, since: datetime, until: datetime) -> Iterator[Start]:
        for tick in _ticks(since, until, self.zone):
            if self._is_due(tick):
                for second in self.seconds:
                    if since <= (at := tick.at + timedelta(seconds=second)) < until:
                        yield Start.at(at)

    def _is_due(self, tick: _Tick) -> bool:
        if self.daemon is not Daemon.CRON or self.wild:
            return self.fits(tick.wall)
        return not tick.repeated and any(map(self.fits, (*tick.skipped, tick.wall)))


@dataclass(frozen=True, slots=True)
class _Tick:
    """A minute as cron sees it: the clock's time, and the minutes that the clock jumped over just before."""

    at: datetime
    wall: datetime
    repeated: bool
    skipped: tuple[datetime, ...]


@lru_cache(maxsize=64)
def _ticks(since: datetime, until: datetime, zone: ZoneInfo) -> tuple[_Tick, ...]:
    found, at = list[_Tick](), since.astimezone(UTC).replace(second=0, microsecond=0)
    before = _wall(at - _MINUTE, zone)
    while at < until:
        wall = _wall(at, zone)
        jump = wall - before - _MINUTE
        minutes = jump // _MINUTE if timedelta() < jump <= _CATCHES_UP else 0
        skipped = tuple(before + _MINUTE * (n + 1) for n in range(minutes))
        found.append(_Tick(at, wall, _is_repeated(at, zone), skipped))
        at, before = at + _MINUTE, wall
    return tuple(found)


def _wall(at: datetime, zone: ZoneInfo) -> datetime:
    return at.astimezone(zone).replace(tzinfo=None, fold=0)


def _is_repeated(at: datetime, zone: ZoneInfo) -> bool:
    local = at.astimezone(zone)
    if not local.fold:
        return False
    return at - local.replace(fold=0).astimezone(UTC) <= _CATCHES_UP


def parse(text: str, zone: ZoneInfo, daemon: Daemon = Daemon.CRON) -> Cron:
    """Parse five fields or a nickname. Raises CronError."""
    written = text.strip()
    if written.startswith("@"):
        nickname = written.lower() if daemon is Daemon.GO else written
        if nickname not in _NICKNAMES:
            raise CronError(f"{written} is not a time")
        written = _NICKNAMES[nickname]
    fields = written.split()
    if len(fields) != 5:
        raise CronError(f"five fields are required, got {len(fields)}")
    minutes, hours, days, months, weekdays = fields
    go = daemon is Daemon.GO
    return Cron(
        minutes=_field("minute", minutes, 0, 59, {}, go),
        hours=_field("hour", hours, 0, 23, {}, go),
        days=_field("day of month", days, 1, 31, {}, go),
        months=_field("month", months, 1, 12, _MONTHS, go),
        weekdays=frozenset(n % 7 for n in _field("day of week", weekdays, 0, 6 if go else 7, _DAYS, go)),
        either=not (_is_star(days, go) or _is_star(weekdays, go)),
        wild=minutes.startswith("*") or hours.startswith("*"),
        zone=zone,
        daemon=daemon,
    )


def parse_seconds(text: str, zone: ZoneInfo) -> Cron:
    """Parse six fields, the first of which is the second, as ofelia does. Raises CronError."""
    if text.strip().startswith("@"):
        return parse(text, zone, Daemon.GO)
    first, _, rest = text.strip().partition(" ")
    found = parse(rest, zone, Daemon.GO)
    seconds = tuple(sorted(_field("second", first, 0, 59, {}, True)))
    return Cron(
        found.minutes,
        found.hours,
        found.days,
        found.months,
        found.weekdays,
        found.either,
        found.wild,
        zone,
        Daemon.GO,
        seconds,
    )


def _is_star(field: str, go: bool) -> bool:
    """True if the field leaves the day open. cron looks at its first character only: `*/2` counts, too."""
    if not go:
        return field.startswith("*")
    return any(re.fullmatch(r"[*?](/1)?", item) for item in field.split(","))


def _field(name: str, text: str, low: int, high: int, names: Mapping[str, int], go: bool) -> frozenset[int]:
    found = set[int]()
    for item in text.lower().split(","):
        matched = _ITEM.fullmatch(item)
        if matched is None or (matched[1] == "?" and not go):
            raise CronError(f"bad {name} {text!r}")
        star, first, last, step = matched.groups()
        begin = low if star else _number(name, first, names)
        end = high if star or (step and last is None and go) else _number(name, last or first, names)
        if step and last is None and not star and not go:
            raise CronError(f"{name} {item!r}: cron versions differ on a step without a range")
        if begin > end or begin < low or end > high or (step and not int(step)):
            raise CronError(f"bad {name} {text!r}: must be in {low}-{high}")
        found.update(range(begin, end + 1, int(step or 1)))
    return frozenset(found)


def _number(name: str, text: str, names: Mapping[str, int]) -> int:
    if text in names:
        return names[text]
    if not text.isdecimal():
        raise CronError(f"bad {name} {text!r}")
    return int(text)
