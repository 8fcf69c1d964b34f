"""When a CronJob is due: the five fields of cron as Kubernetes reads them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from itertools import pairwise

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
_PART = re.compile(r"(\*|\?|[0-9a-z]+)(?:-([0-9a-z]+))?(?:/([0-9]{1,3}))?")
_FIRST, _LENGTH = date(2027, 1, 1), 4 * 365 + 1  # every month and day with each day of the week, nearly
DAY = 24 * 60  # minutes


@dataclass(frozen=True, slots=True)
class Due:
    """`minutes` of the day, and days as numbers within four years."""

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
    def interval(self) -> int:
        """The shortest time between two of them, in minutes."""
        ordered = sorted(self.minutes)
        gaps = [after - before for before, after in pairwise(ordered)]
        days = sorted(self.days)
        nights = [after - before for before, after in pairwise(days)]
        over_night = min(nights, default=_LENGTH) * DAY + ordered[0] - ordered[-1]
        return min([*gaps, over_night])


def parse(text: str) -> Due | None:
    """Return when a schedule is due; None if it is not one that Kubernetes accepts, or never due."""
    fields = _NICK.get(text.strip().lower(), text).lower().split()
    if len(fields) != 5:
        return None
    minute, hour = _field(fields[0], 0, 59, {}), _field(fields[1], 0, 23, {})
    day, month = _field(fields[2], 1, 31, {}), _field(fields[3], 1, 12, _MONTHS)
    weekday = _field(fields[4], 0, 7, _DAYS)
    if not (minute and hour and day and month and weekday):
        return None
    either = fields[2][0] not in "*?" and fields[4][0] not in "*?"  # as in cron: one of the two is enough
    days = _matching(day, month, frozenset(each % 7 for each in weekday), either=either)
    return Due(frozenset(h * 60 + m for h in hour for m in minute), days) if days else None


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


def _field(text: str, first: int, last: int, names: Mapping[str, int]) -> frozenset[int]:
    """The values of one field; empty if it cannot be read."""
    values = set[int]()
    for part in text.split(","):
        found = _PART.fullmatch(part)
        if found is None:
            return frozenset()
        begin, end, step = found.groups()
        if begin in "*?":
            low, high = first, last
        else:
            low = _value(begin, names)
            high = _value(end, names) if end else last if step else low
        if not first <= low <= high <= last or step == "0":
            return frozenset()
        values |= set(range(low, high + 1, int(step or 1)))
    return frozenset(values)


def _value(text: str, names: Mapping[str, int]) -> int:
    return names.get(text, int(text) if text.isdecimal() and len(text) < 4 else -1)
