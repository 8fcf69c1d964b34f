"""A slow and obvious way to say when something is due: walk every minute, look at the clock on the wall."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)


@dataclass(frozen=True)
class Times:
    """Times of the day, on the days for which `on` holds."""

    of_day: tuple[time, ...]
    on: Callable[[date], bool]

    def match(self, wall: datetime) -> bool:
        return wall.time() in self.of_day and self.on(wall.date())


def walk(times: Times, zone: ZoneInfo, begin: datetime, end: datetime) -> Iterator[datetime]:
    """Every instant in (begin, end] at which the wall clock first shows, or first has passed, one of the times.

    The clock only counts when it shows more than ever before: what comes twice counts once, and what it jumps
    over counts when it has jumped.
    """
    for at, furthest, shown in _looks(zone, begin, end):
        if shown - furthest == DAY:
            yield from _day(times, at, shown)
        elif any(times.match(furthest + MINUTE * n) for n in range(1, (shown - furthest) // MINUTE + 1)):
            yield at


@lru_cache(maxsize=4)
def _looks(zone: ZoneInfo, begin: datetime, end: datetime) -> list[tuple[datetime, datetime, datetime]]:
    """Instant, the furthest that the clock had shown before, and what it shows; minute by minute around a
    change of the clock, and day by day elsewhere."""
    looks, furthest, at = [], _wall(begin, zone), begin
    while at < end:
        at += DAY if _plain_day(at, zone) and at + DAY <= end else MINUTE
        shown = _wall(at, zone)
        if shown > furthest:
            looks.append((at, furthest, shown))
            furthest = shown
    return looks


def _plain_day(at: datetime, zone: ZoneInfo) -> bool:
    """Whether no clock is changed in the day, or just around it: then a day is a day."""
    return len({(at + n * DAY / 8).astimezone(zone).utcoffset() for n in (-1, 0, 4, 8, 9)}) == 1


def _day(times: Times, at: datetime, shown: datetime) -> list[datetime]:
    """The day that ends at `at`, when the clock shows `shown`."""
    walls = [datetime.combine(shown - n * DAY, of_day) for n in (0, 1) for of_day in times.of_day]
    chosen = [wall for wall in walls if shown - DAY < wall <= shown and times.on(wall.date())]
    return sorted(at - (shown - wall) for wall in chosen)


def _wall(at: datetime, zone: ZoneInfo) -> datetime:
    assert at.tzinfo is UTC
    return at.astimezone(zone).replace(tzinfo=None, fold=0)
