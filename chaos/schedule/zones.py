"""Convert wall-clock times to instants."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

_SECOND = timedelta(seconds=1)


def instant(wall: datetime, zone: ZoneInfo) -> datetime:
    """Return the instant, in UTC, at which the zone's clocks first show `wall`.

    A time that does not exist becomes the first instant after the gap.
    """
    found = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if found.astimezone(zone).replace(tzinfo=None) == wall:
        return found
    # in a gap, fold=0 uses the offset before it and so lands after the gap; fold=1 lands before it
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
    """Return the zone's wall-clock time at an instant, without the zone."""
    return at.astimezone(zone).replace(tzinfo=None, fold=0)
