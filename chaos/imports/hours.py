"""Requests by hour of the clock, and the rates of the quietest and the busiest hour."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

from chaos.imports.imported import Rate
from chaos.spec.units import show_seconds

_HOUR = 3600
MOST_HOURS = 20_000
"""More than two years: what lies further apart is no log of one service."""

_LEAST = 60
"""Seconds that must be on record of an hour that is not whole."""


class Hours:
    """An hour is one of the clock that the log, or `zone`, shows. Where clocks change, 02:00 is there twice or not at
    all: each counts as an hour of its own."""

    def __init__(self, zone: ZoneInfo | None = None) -> None:
        self._zone = zone
        self._counts: dict[tuple[int, int], int] = {}  # (start in seconds since 1970, offset)
        self._offsets: dict[int, int] = {}
        self.first, self.last = math.inf, -math.inf

    def add(self, at: float, offset: int | None) -> bool:
        """Count one request. False: its time is too far from the others."""
        key = self._hour(at, offset)
        if key not in self._counts:
            if len(self._counts) >= MOST_HOURS:
                return False
            self._counts[key] = 0
        self._counts[key] += 1
        self.first, self.last = min(self.first, at), max(self.last, at)
        return True

    def _hour(self, at: float, offset: int | None) -> tuple[int, int]:
        if self._zone is not None:
            offset = self._offset(int(at) // 900)
        offset = offset or 0
        return (int(at) + offset) // _HOUR * _HOUR - offset, offset

    def _offset(self, quarter: int) -> int:
        """Clocks change at a quarter of an hour."""
        if quarter not in self._offsets:
            at = datetime.fromtimestamp(quarter * 900, UTC).astimezone(self._zone)
            self._offsets[quarter] = int((at.utcoffset() or timedelta()).total_seconds())
        return self._offsets[quarter]

    def rates(self) -> tuple[Rate, ...]:
        """The rate of each hour with requests, by time: whole hours, or all if none is whole."""
        found = [
            (start, offset, count, self._covered(start))
            for (start, offset), count in sorted(self._counts.items())
        ]
        whole = [each for each in found if each[3] >= _HOUR] or [each for each in found if each[3] >= _LEAST]
        return tuple(
            Rate(count / covered, _shown(start, offset, covered)) for start, offset, count, covered in whole
        )

    def _covered(self, start: int) -> float:
        """Seconds of the hour within the log; the very first and last minute count as whole."""
        begin = max(start, self.first if self.first - start >= 60 else start)
        end = min(start + _HOUR, self.last if start + _HOUR - self.last >= 60 else start + _HOUR)
        return end - begin

    @property
    def silent(self) -> int:
        """Hours between the first and the last request without any."""
        if not self._counts:
            return 0
        return max(0, round((self.last - self.first) / _HOUR) - len(self._counts))


def quietest(rates: tuple[Rate, ...]) -> Rate | None:
    return min(rates, key=lambda each: each.per_second, default=None)


def busiest(rates: tuple[Rate, ...]) -> Rate | None:
    return max(rates, key=lambda each: each.per_second, default=None)


def _shown(start: int, offset: int, covered: float) -> str:
    at = datetime.fromtimestamp(start, timezone(timedelta(seconds=offset)))
    part = "" if covered >= _HOUR else f", {show_seconds(round(covered / 60) * 60)} of it on record"
    return f"{at:%Y-%m-%d %H:%M} to {at + timedelta(hours=1):%H:%M} {at:%z}{part}"
