"""One night: its window in the machine's zone, what starts in it, and the clock changes that fall into it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from chaos.survey.entry import Entry, Start

_MINUTE, _DAY = timedelta(minutes=1), timedelta(days=1)
_OFTEN = timedelta(minutes=15)
_FEW = 4  # starts that are listed one by one, however close


@dataclass(frozen=True, slots=True)
class Night:
    """[since, until), UTC; `zone` is the one that it is shown in."""

    since: datetime
    until: datetime
    zone: ZoneInfo

    @classmethod
    def of(cls, day: date, begin: time, end: time, zone: ZoneInfo) -> Night:
        """From `begin` on the day until `end`, on the next day if that is earlier."""
        last = day if end > begin else day + _DAY
        return cls(_instant(day, begin, zone), _instant(last, end, zone), zone)

    @property
    def middle(self) -> date:
        """The date after midnight, on which most daily jobs run."""
        return (self.until - _MINUTE).astimezone(self.zone).date()

    def local(self, at: datetime) -> datetime:
        return at.astimezone(self.zone)


def _instant(day: date, at: time, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, at, tzinfo=zone).astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Planned:
    """An entry with its starts of the night."""

    entry: Entry
    starts: tuple[Start, ...]

    @property
    def often(self) -> bool:
        """True if it starts at least every 15 minutes: shown in one line, collides with everything."""
        if len(self.starts) <= _FEW:
            return False
        stretch = self.starts[-1].earliest - self.starts[0].earliest
        return stretch / (len(self.starts) - 1) <= _OFTEN


def plan(entries: Iterable[Entry], night: Night) -> list[Planned]:
    """What starts in the night, by its first start."""
    found = []
    for entry in entries:
        if entry.when is not None and not entry.off:
            starts = tuple(sorted(entry.when.starts(night.since, night.until)))
            if starts:
                found.append(Planned(entry, starts))
    return sorted(found, key=lambda each: (each.starts[0], each.entry.source, each.entry.name))


@dataclass(frozen=True, slots=True)
class ClockChange:
    """A zone's clocks jump at an instant: forward if `by` is positive."""

    zone: str
    at: datetime
    by: timedelta

    def __str__(self) -> str:
        minutes = abs(self.by) // _MINUTE
        before = (self.at - _MINUTE).astimezone(ZoneInfo(self.zone)) + _MINUTE
        after = self.at.astimezone(ZoneInfo(self.zone))
        way = "forward" if self.by > timedelta() else "back"
        return f"{self.zone}: clocks go {way} {minutes} min, {before:%H:%M} becomes {after:%H:%M}"


def clock_changes(zones: Sequence[str], night: Night) -> list[ClockChange]:
    """The changes within the night, of every zone in use."""
    found = []
    for name in dict.fromkeys(zones):
        zone, at = ZoneInfo(name), night.since
        before = at.astimezone(zone).utcoffset()
        while at < night.until:
            at += _MINUTE
            now = at.astimezone(zone).utcoffset()
            if before is not None and now is not None and now != before:
                found.append(ClockChange(name, at, now - before))
            before = now
    return found
