"""Times of the wall clock as instants."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

_SECOND = timedelta(seconds=1)


def instant(wall: datetime, zone: ZoneInfo) -> datetime:
    """The instant, in UTC, at which the clocks of the zone show `wall` for the first time.

    A time that does not exist is taken for the first instant after the gap.
    """
    found = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if found.astimezone(zone).replace(tzinfo=None) == wall:
        return found
    # in a gap fold=0 reckons by the offset before it, and so comes out behind it; fold=1 before it
    before, behind = wall.replace(tzinfo=zone, fold=1).astimezone(UTC), found
    new = behind.astimezone(zone).utcoffset()
    while behind - before > _SECOND:
        middle = before + (behind - before) // (2 * _SECOND) * _SECOND
        if middle.astimezone(zone).utcoffset() == new:
            behind = middle
        else:
            before = middle
    return behind.replace(microsecond=0)


def wall(at: datetime, zone: ZoneInfo) -> datetime:
    """What the clocks of the zone show at an instant, without the zone."""
    return at.astimezone(zone).replace(tzinfo=None, fold=0)
