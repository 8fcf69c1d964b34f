"""systemd's calendar events (OnCalendar=, systemd.time(7)), and the instants at which they elapse."""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

from chaos.survey.entry import Start

_SHORTHANDS = {
    "minutely": "*-*-* *:*:00",
    "hourly": "*-*-* *:00:00",
    "daily": "*-*-* 00:00:00",
    "monthly": "*-*-01 00:00:00",
    "weekly": "Mon *-*-* 00:00:00",
    "yearly": "*-01-01 00:00:00",
    **dict.fromkeys(("annually", "anually"), "*-01-01 00:00:00"),  # systemd accepts the typing mistake, too
    "quarterly": "*-01,04,07,10-01 00:00:00",
    **dict.fromkeys(("semiannually", "semi-annually", "biannually", "bi-annually"), "*-01,07-01 00:00:00"),
}
_DAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
_WEEKDAYS = {name: n for n, day in enumerate(_DAYS) for name in (day, day[:3])}
_DAY = timedelta(days=1)
_SHORT_YEAR = re.compile(r"(?<![/\d])\d\d(?!\d)")
_SECONDS = re.compile(r"(\d+(?:\.\d+)?)(?:\.\.(\d+(?:\.\d+)?))?(?:/(\d+(?:\.\d+)?))?")
_TIMESTAMP = re.compile(r"@(\d{1,12})(?:\.\d+)?")


class CalendarError(ValueError):
    """An event that systemd would not accept."""


@dataclass(frozen=True, slots=True)
class _Part:
    """`first`, `first..last`, `first/step` or `first..last/step` of one component; first None: any."""

    first: int | None
    last: int | None = None
    step: int = 0

    def fits(self, value: int) -> bool:
        if self.first is None:
            return True
        if self.step:
            end = value if self.last is None else self.last
            return self.first <= value <= end and (value - self.first) % self.step == 0
        return self.first <= value <= (self.first if self.last is None else self.last)

    def from_end(self, length: int) -> _Part:
        """The same days, counted from the start of a month of this length."""
        if self.first is None:
            return self
        if self.last is None:
            return replace(self, first=length + 1 - self.first)
        return _Part(length + 1 - self.last, length + 1 - self.first, self.step)


Component = tuple[_Part, ...]


@dataclass(frozen=True, slots=True)
class Calendar:
    """When an event elapses, up to `spread` late."""

    weekdays: frozenset[int]  # 0: Monday
    years: Component
    months: Component
    days: Component
    from_end: bool  # days count back from the end of the month
    hours: tuple[int, ...]
    minutes: tuple[int, ...]
    seconds: tuple[int, ...]
    zone: ZoneInfo
    spread: timedelta = timedelta()

    def on(self, day: date) -> bool:
        """True if the event elapses on this day."""
        days = self.days
        if self.from_end:
            length = calendar.monthrange(day.year, day.month)[1]
            days = tuple(part.from_end(length) for part in days)
        return (
            day.weekday() in self.weekdays
            and _fits(self.years, day.year)
            and _fits(self.months, day.month)
            and _fits(days, day.day)
        )

    def starts(self, since: datetime, until: datetime) -> Iterator[Start]:
        day = (since - self.spread).astimezone(self.zone).date() - _DAY
        while day <= until.astimezone(self.zone).date():
            for first, last in self._of_day(day) if self.on(day) else ():
                latest = last + self.spread
                if first < until and (first >= since or latest > since):
                    yield Start(first, latest)
            day += _DAY

    def _of_day(self, day: date) -> Iterator[tuple[datetime, datetime]]:
        """The instants of a day, each as the first and the last possible. A time that the clocks skip is skipped; one
        that they repeat elapses once: in which of the two hours is up to mktime(3)."""
        for hour in self.hours:
            for minute in self.minutes:
                for second in self.seconds:
                    wall = datetime.combine(day, time(hour, minute, second))
                    first, last = (wall.replace(tzinfo=self.zone, fold=n).astimezone(UTC) for n in (0, 1))
                    if first.astimezone(self.zone).replace(tzinfo=None) == wall:
                        yield first, last


def spread_over(event: Calendar, spread: timedelta) -> Calendar:
    return replace(event, spread=spread)


def parse(text: str, zone: ZoneInfo) -> Calendar:
    """Parse an event; `zone` is the machine's, used unless the event names one. Raises CalendarError."""
    words = text.split()
    if words and (stamp := _TIMESTAMP.fullmatch(words[0])) is not None and all(map(_zone, words[1:])):
        zone, words = ZoneInfo("UTC"), f"{_instant(int(stamp[1])):%Y-%m-%d %H:%M:%S}".split()
    if words and (named := _zone(words[-1])) is not None:
        zone, words = named, words[:-1]
    words = (
        _SHORTHANDS[words[0].lower()].split()
        if len(words) == 1 and words[0].lower() in _SHORTHANDS
        else words
    )
    weekdays = frozenset(range(7))
    if words and words[0][:1].isalpha():
        weekdays, words = _weekdays(words[0].rstrip(",")), words[1:]
        if not words:
            words = ["*-*-*"]
    dated = [word for word in words if _is_date(word)]
    timed = [word for word in words if not _is_date(word)]
    if not words or len(dated) > 1 or len(timed) > 1 or (dated and words[0] != dated[0]):
        raise CalendarError(f"not a calendar event: {text!r}")
    years, months, days, from_end = _date(dated[0] if dated else "*-*-*")
    hours, minutes, seconds = _time(timed[0] if timed else "00:00:00")
    return Calendar(weekdays, years, months, days, from_end, hours, minutes, seconds, zone)


def _instant(seconds: int) -> datetime:
    """The instant so many seconds after the epoch."""
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        raise CalendarError(f"not an instant: '@{seconds}'") from None


def _zone(word: str) -> ZoneInfo | None:
    if word.upper() == "UTC":
        return ZoneInfo("UTC")
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)+|[A-Z]{3,4}(\d[A-Z]{3})?", word):
        return None
    try:
        return ZoneInfo(word)
    except (KeyError, ValueError, OSError):
        if "/" in word and word[0].isalpha():
            raise CalendarError(f"unknown time zone {word!r}") from None
        return None


def _is_date(word: str) -> bool:
    return ":" not in word and ("-" in word or "~" in word)


def _weekdays(word: str) -> frozenset[int]:
    found = set[int]()
    for item in word.lower().split(","):
        names = re.split(r"\.\.|-", item)
        first, last = names[0], names[-1]
        known = len(names) <= 2 and first in _WEEKDAYS and last in _WEEKDAYS
        if not known or _WEEKDAYS[first] > _WEEKDAYS[last]:
            raise CalendarError(f"not weekdays: {word!r}")
        found.update(range(_WEEKDAYS[first], _WEEKDAYS[last] + 1))
    return frozenset(found)


def _date(word: str) -> tuple[Component, Component, Component, bool]:
    from_end = "~" in word
    parts = re.split(r"[-~]", word)
    if len(parts) == 2:
        parts = ["*", *parts]
    if len(parts) != 3 or (from_end and word.rindex("~") < word.rfind("-")):
        raise CalendarError(f"not a date: {word!r}")
    year, month, day = parts
    year = _SHORT_YEAR.sub(lambda found: f"{'20' if int(found[0]) < 70 else '19'}{found[0]}", year)
    return _component(year, 1970, 2199), _component(month, 1, 12), _component(day, 1, 31), from_end


def _time(word: str) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
    parts = word.split(":")
    if len(parts) == 2:
        parts = [*parts, "00"]
    if len(parts) != 3:
        raise CalendarError(f"not a time of day: {word!r}")
    hours, minutes = (
        tuple(value for value in range(top + 1) if _fits(_component(part, 0, top), value))
        for part, top in zip(parts[:2], (23, 59), strict=True)
    )
    return hours, minutes, _seconds(parts[2])


def _seconds(text: str) -> tuple[int, ...]:
    """The seconds in which the event elapses; systemd allows decimals."""
    if "." not in text.replace("..", ""):
        return tuple(value for value in range(60) if _fits(_component(text, 0, 59), value))
    found = set[int]()
    for item in text.split(","):
        matched = _SECONDS.fullmatch(item)
        if matched is None:
            raise CalendarError(f"not a number, range or *: {item!r}")
        begin, step = Fraction(matched[1]), Fraction(matched[3]) if matched[3] else None
        end = Fraction(matched[2]) if matched[2] else begin if step is None else Fraction(599, 10)
        if not begin <= end < 60 or step == 0:
            raise CalendarError(f"{item!r} is not in 0..59")
        pace = step or Fraction(1)
        steps = int((end - begin) / pace)
        if pace < 1:  # it elapses in every second
            found.update(range(int(begin), int(begin + steps * pace) + 1))
        else:
            found.update(int(begin + number * pace) for number in range(steps + 1))
    return tuple(sorted(found))


def _component(text: str, low: int, high: int) -> Component:
    return tuple(_part(item, low, high) for item in text.split(","))


def _part(item: str, low: int, high: int) -> _Part:
    if item == "*":
        return _Part(None)
    matched = re.fullmatch(r"(\d+)(?:\.\.(\d+))?(?:/(\d+))?", item)
    if matched is None:
        raise CalendarError(f"not a number, range or *: {item!r}")
    first, last, step = matched.groups()
    begin = int(first)
    end = None if last is None else int(last)
    if not low <= begin <= high or (end is not None and not begin <= end <= high) or step == "0":
        raise CalendarError(f"{item!r} is not in {low}..{high}")
    return _Part(begin, end, int(step or 0))


def _fits(component: Sequence[_Part], value: int) -> bool:
    return any(part.fits(value) for part in component)
