"""Runs by night. A night lasts from noon to noon in this machine's time zone and bears the date of its evening."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from itertools import pairwise

WEEKS = 13
NOON = time(12)

MARKS = {"fail": "F", "unknown": "U", "none": "N", "pass": "P", "playing": "▶"}
"""What became of a run, the worst first, with the sign that a calendar shows for each."""

WORDS = {"none": "no verdict", "playing": "in progress"}
"""Those that are not the word of a verdict."""


NO_RUN = "·"
"""The sign of a night on which nothing was played."""


@dataclass(frozen=True, slots=True)
class Night:
    """The verdicts of one night; `since` and `until` are its bounds as the index writes them."""

    date: date
    counts: tuple[tuple[str, int], ...]  # the worst verdict first
    since: str
    until: str
    ahead: bool  # has not begun

    @property
    def worst(self) -> str | None:
        return self.counts[0][0] if self.counts else None

    @property
    def mark(self) -> str:
        return MARKS[self.worst] if self.worst else ""

    @property
    def said(self) -> str:
        told = (f"{count} {WORDS.get(verdict, verdict)}" for verdict, count in self.counts)
        return ", ".join(told) or "no run"


def night_of(instant: datetime, zone: tzinfo | None = None) -> date:
    """Return the date of the evening on which the night of this instant began."""
    return (instant.astimezone(zone).replace(tzinfo=None) - timedelta(hours=12)).date()


def begins(night: date, zone: tzinfo | None = None) -> datetime:
    """Return the noon at which the night begins, in UTC."""
    noon = datetime.combine(night, NOON)
    return (noon.replace(tzinfo=zone) if zone else noon.astimezone()).astimezone(UTC)


def stamp(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat(timespec="seconds")


def first_shown(now: datetime, zone: tzinfo | None = None) -> date:
    """Return the Monday with which the calendar begins."""
    today = night_of(now, zone)
    return today - timedelta(days=today.weekday(), weeks=WEEKS - 1)


def calendar(
    starts: Iterable[tuple[str, str | None, int]], now: datetime, zone: tzinfo | None = None
) -> list[list[Night]]:
    """Return the weeks up to now, oldest first, Monday to Sunday. `starts`: see Index.starts."""
    first, today = first_shown(now, zone), night_of(now, zone)
    days = [first + timedelta(days=number) for number in range(7 * WEEKS)]
    bounds = [stamp(begins(day, zone)) for day in [*days, days[-1] + timedelta(days=1)]]
    counted: list[Counter[str]] = [Counter() for _ in days]
    for started, verdict, count in starts:
        # compared as text: ten thousand instants would take too long to parse
        place = bisect_right(bounds, started) - 1
        if 0 <= place < len(days):
            counted[place][verdict if verdict in MARKS else "none"] += count
    nights = [
        Night(day, _worst_first(counts), since, until, day > today)
        for day, counts, (since, until) in zip(days, counted, pairwise(bounds), strict=True)
    ]
    return [nights[start : start + 7] for start in range(0, len(nights), 7)]


def _worst_first(counts: Counter[str]) -> tuple[tuple[str, int], ...]:
    return tuple((verdict, counts[verdict]) for verdict in MARKS if counts[verdict])


def last_night(weeks: Sequence[Sequence[Night]], today: date) -> Night | None:
    """Return the night that began yesterday if it has a run, else the newest that has; None if none shown has."""
    played = [night for week in weeks for night in week if night.counts]
    began_yesterday = (night for night in played if night.date == today - timedelta(days=1))
    return next(began_yesterday, played[-1] if played else None)


def called(night: Night, today: date) -> str:
    """Return what a reader calls the night on this day."""
    words = {today: "Tonight", today - timedelta(days=1): "Last night"}
    return words.get(night.date, "The last night with a run")
