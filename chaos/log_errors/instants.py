"""Instants in log entries, as seconds since the epoch."""

from __future__ import annotations

import calendar
import math
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache

WITHIN = 160
"""Characters from the start of an entry in which its instant is looked for."""
_MONTHS = {name: n for n, name in enumerate(calendar.month_abbr) if name}
_ISO = re.compile(
    r"(\d{4})[-/](\d\d)[-/](\d\d)[T ](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9}))?\d*\s?(Z\b|UTC\b|GMT\b|[+-]\d\d:?\d\d\b)?"
)
_CLF = re.compile(r"(\d\d)/([A-Z][a-z]{2})/(\d{4}):(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))? ([+-]\d{4})")
_SYSLOG = re.compile(r"\b([A-Z][a-z]{2}) ([ \d]\d) (\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?!\d)")
_JUL = re.compile(
    r"\b([A-Z][a-z]{2}) (\d{1,2}), (\d{4}),? (\d{1,2}):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:\s([AP])M\b|(?!\d))"
)
_ZONE_STEP, _MOST_APART = 900.0, 26 * 3600.0  # seconds between zones
_EARLIEST, _LATEST = (
    946_684_800.0,
    32_503_680_000.0,
)  # of a number taken for an instant: the years 2000 to 2999


class Instants:
    """Reads instants. Those without a zone are in `zone` (default: this machine's); those without a year are the
    latest before `now`. `written`: when the entries were written, if that is known: an instant without a zone that is
    not within is of another zone, the one in which it is."""

    def __init__(
        self, now: float, zone: tzinfo | None = None, written: tuple[float, float] | None = None
    ) -> None:
        self._now, self._zone, self._written = now, zone, written
        self.of: Callable[[str], float | None] = lru_cache(4096)(self._of)

    def _of(self, text: str) -> float | None:
        """The instant of an entry whose beginning is `text`; None if it has none."""
        try:
            if (found := _ISO.search(text)) is not None:
                year, month, day, *clock, fraction, zone = found.groups()
                return self._at(int(year), int(month), int(day), clock, fraction, zone)
            if (found := _CLF.search(text)) is not None:
                day, name, year, *clock, fraction, zone = found.groups()
                return self._at(int(year), _MONTHS[name], int(day), clock, fraction, zone)
            if (found := _JUL.search(text)) is not None:
                name, day, year, hour, minute, second, fraction, half = found.groups()
                clock = [str(int(hour) % 12 + 12 * (half == "P")) if half else hour, minute, second]
                return self._at(int(year), _MONTHS[name], int(day), clock, fraction, None)
            if (found := _SYSLOG.search(text)) is not None:
                name, day, *clock, fraction = found.groups()
                return self._of_this_year(_MONTHS[name], int(day), clock, fraction)
        except (KeyError, ValueError, OverflowError, OSError):
            pass  # it looks like an instant, and is none
        return None

    def number(self, value: float) -> float | None:
        """The instant that a number in s, ms, µs or ns since the epoch means; None if it means none."""
        for unit in (1.0, 1e3, 1e6, 1e9):
            if _EARLIEST <= value / unit < _LATEST:
                return value / unit
        return None

    def _of_this_year(self, month: int, day: int, clock: list[str], fraction: str | None) -> float:
        year = datetime.fromtimestamp(self._now, self._zone).year
        found = self._at(year, month, day, clock, fraction, None)
        tomorrow = self._now + timedelta(days=1).total_seconds()
        return found if found <= tomorrow else self._at(year - 1, month, day, clock, fraction, None)

    def _at(
        self, year: int, month: int, day: int, clock: list[str], fraction: str | None, zone: str | None
    ) -> float:
        hour, minute, second = map(int, clock)
        moment = datetime(year, month, day, hour, minute, min(second, 59), tzinfo=_zone(zone) or self._zone)
        found = moment.timestamp() + (float(f"0.{fraction}") if fraction else 0.0)
        return found if zone or self._written is None else _shifted(found, *self._written)


def _shifted(found: float, begin: float, end: float) -> float:
    """The same clock in the zone in which it is between `begin` and `end`; unchanged if there is none."""
    if begin <= found <= end:
        return found
    shift = math.ceil((begin - found) / _ZONE_STEP) * _ZONE_STEP
    return found + shift if found + shift <= end and abs(shift) <= _MOST_APART else found


def _zone(text: str | None) -> tzinfo | None:
    if not text:
        return None
    if text[0] not in "+-":
        return UTC
    digits = text[1:].replace(":", "")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return timezone(-offset if text[0] == "-" else offset)
