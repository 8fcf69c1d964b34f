"""When a CronJob is due: its schedule as Kubernetes reads it, with github.com/robfig/cron/v3."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from itertools import pairwise

from chaos.audit.node import as_number
from chaos.audit.quantity import seconds
from chaos.checks.text import many

_NICK = {
    **{"@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *", "@monthly": "0 0 1 * *"},
    **{"@weekly": "0 0 * * 0", "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@hourly": "0 * * * *"},
}
_MONTHS = {
    name: n
    for n, name in enumerate(
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"], 1
    )
}
_DAYS = {name: n for n, name in enumerate(["sun", "mon", "tue", "wed", "thu", "fri", "sat"])}
_NUMBER = re.compile(r"\+?[0-9]{1,9}")
_EVERY = "@every "
_FIRST, _LENGTH = date(2027, 1, 1), 4 * 365 + 1  # every month and day with each day of the week, nearly
DAY = 24 * 60  # minutes


class RefusedError(Exception):
    """Kubernetes refuses the schedule: why."""


@dataclass(frozen=True, slots=True)
class Due:
    """`minutes` of the day, and days as numbers within four years; one of both is empty if it is never due."""

    minutes: frozenset[int]
    days: frozenset[int]

    @property
    def at_midnight(self) -> bool:
        """True for one due at 00:00 that is due once an hour at most."""
        return 0 in self.minutes and self.per_hour == 1

    @property
    def per_hour(self) -> int:
        """The most that fall into one hour."""
        return max(len({m for m in self.minutes if m // 60 == hour}) for hour in range(24))

    def meets(self, other: Due) -> bool:
        return bool(self.minutes & other.minutes and self.days & other.days)

    @property
    def is_ever(self) -> bool:
        return bool(self.minutes and self.days)

    @property
    def interval(self) -> float:
        """The shortest time between two of them, in minutes."""
        ordered = sorted(self.minutes)
        gaps = [after - before for before, after in pairwise(ordered)]
        days = sorted(self.days)
        nights = [after - before for before, after in pairwise(days)]
        over_night = min(nights, default=_LENGTH) * DAY + ordered[0] - ordered[-1]
        return min([*gaps, over_night])


@dataclass(frozen=True, slots=True)
class Every:
    """`@every 5m`: an `interval` in minutes since the last start, so at no minute that the schedule names."""

    interval: float


@dataclass(frozen=True, slots=True)
class _Field:
    """The values of one field; `is_any`: it does not restrict the days."""

    values: frozenset[int]
    is_any: bool


def parse(text: str) -> Due | Every | None:
    """Return when a schedule is due; None if Kubernetes refuses it, or if it is never due."""
    try:
        found = read(text)
    except RefusedError:
        return None
    return found if isinstance(found, Every) or found.is_ever else None


def read(text: str) -> Due | Every:
    """Return when a schedule is due. Raises RefusedError."""
    if "TZ=" in text:
        raise RefusedError("it holds a time zone, which belongs in timeZone")
    if text.startswith(_EVERY):
        return _every(text.removeprefix(_EVERY))
    if text.startswith("@") and text not in _NICK:
        raise RefusedError(f"it is not one of {', '.join(_NICK)} or @every TIME")
    fields = _NICK.get(text, text).split()
    if len(fields) != 5:
        raise RefusedError(f"it has {many(len(fields), 'field')}, not 5")
    minute, hour = _field("minute", fields[0], 0, 59, {}), _field("hour", fields[1], 0, 23, {})
    day, month = _field("day", fields[2], 1, 31, {}), _field("month", fields[3], 1, 12, _MONTHS)
    weekday = _field("day of the week", fields[4], 0, 6, _DAYS)
    either = not (day.is_any or weekday.is_any)  # one of the two is enough
    days = _matching(day.values, month.values, weekday.values, either=either)
    return Due(frozenset(h * 60 + m for h in hour.values for m in minute.values), days)


def _every(text: str) -> Every:
    given = seconds(text)
    if given is None or as_number(text) is not None or " " in text:
        raise RefusedError(f"@every takes a time such as 1h30m, not {text[:20]!r}")
    return Every(max(1, int(given)) / 60)


@cache
def _matching(
    day: frozenset[int], month: frozenset[int], weekday: frozenset[int], *, either: bool
) -> frozenset[int]:
    found = set()
    for number in range(_LENGTH):
        at = _FIRST + timedelta(days=number)
        fits, falls = at.day in day, at.isoweekday() % 7 in weekday
        if at.month in month and (fits or falls if either else fits and falls):
            found.add(number)
    return frozenset(found)


def _field(name: str, text: str, first: int, last: int, names: Mapping[str, int]) -> _Field:
    values, is_any = set[int](), False
    for part in filter(None, text.split(",")):
        within, slash, by = part.partition("/")
        low, hyphen, high = within.partition("-")
        step = _value(name, by, {}) if slash else 1
        if low in ("*", "?"):
            begin, end = first, last
            is_any |= step == 1  # `*/2` restricts the days as a list of them would
        else:
            begin = _value(name, low, names)
            end = _value(name, high, names) if hyphen else last if slash else begin
        if not first <= begin <= end <= last:
            raise RefusedError(f"{name} {part[:20]!r} is not within {first}-{last}")
        if not step:
            raise RefusedError(f"{name} {part[:20]!r} has a step of 0")
        values |= set(range(begin, end + 1, step))
    return _Field(frozenset(values), is_any)


def _value(name: str, text: str, names: Mapping[str, int]) -> int:
    if (named := names.get(text.lower())) is not None:
        return named
    if not _NUMBER.fullmatch(text):
        raise RefusedError(f"{name} {text[:20]!r} is not a number")
    return int(text)
