"""`when` of a schedule: a rule in wall-clock time, without zones."""

from __future__ import annotations

import heapq
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import groupby

from apscheduler.triggers.cron import CronTrigger

from chaos.schedule import dialects

_ORDINALS = {"first": "1st", "second": "2nd", "third": "3rd", "fourth": "4th", "last": "last"}
_WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_IN_WORDS = re.compile(
    rf"({'|'.join(_ORDINALS)})\s+((?:{'|'.join(_WEEKDAYS)})[a-z]*|day)\s+(\d?\d):(\d\d)", re.I
)
_WEEKDAY_ITEM = re.compile(r"(\*|[a-z]{3}|[0-7])(?:-([a-z]{3}|[0-7]))?(?:/(\d+))?", re.I)
_FULL_WEEKDAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")


def walls(when: str, after: datetime) -> Iterator[datetime]:
    """Yield every wall-clock time that matches `when` after `after`, in order; all without a zone.

    Raises ValueError for an invalid rule.
    """
    merged = heapq.merge(*(_walls_of(trigger, after) for trigger in triggers(when)))
    return (wall for wall, _ in groupby(merged))


@lru_cache(maxsize=4096)
def triggers(when: str) -> tuple[CronTrigger, ...]:
    """Parse the rule into triggers, any of which fires it. Raises ValueError.

    They compute wall-clock times as if in UTC; `chaos.schedule.zones` applies the zone, because CronTrigger
    with a zone fires twice at a time that occurs twice.
    """
    in_words = _IN_WORDS.fullmatch(when.strip())
    if in_words:
        return (_in_words(*in_words.groups()),)
    second, minute, hour, day, month, weekday = dialects.fields(when)
    days = {"day_of_week": _weekdays(weekday)}
    if day.startswith("*") or weekday.startswith("*"):
        return (_cron(second, minute, hour, month, day=day, **days),)
    # as in cron: if both are given, either one matches
    return (_cron(second, minute, hour, month, day=day), _cron(second, minute, hour, month, **days))


def _walls_of(trigger: CronTrigger, after: datetime) -> Iterator[datetime]:
    last = after.replace(tzinfo=UTC)
    while True:
        try:
            found = trigger.get_next_fire_time(last, last)
        except (OverflowError, ValueError):  # the calendar ends in the year 9999
            return
        if found is None:
            return
        if found > last:
            yield found.replace(tzinfo=None)
        last = max(found, last + timedelta(microseconds=1))


def _cron(second: str, minute: str, hour: str, month: str, **days: str) -> CronTrigger:
    fields = {"second": second, "minute": minute, "hour": hour, "month": month, **days}
    for name, written in fields.items():  # one by one: the library's message does not name the field
        try:
            CronTrigger(timezone=UTC, **{name: written})
        except ValueError:
            rule = f"{name.replace('_', ' ')} {written!r} is out of range, or not like 5, 1-5, */5 or 1,15"
            raise ValueError(f"invalid cron expression: {rule}") from None
    return CronTrigger(timezone=UTC, **fields)


def _in_words(ordinal: str, day: str, hour: str, minute: str) -> CronTrigger:
    """`last friday 22:00`, `last day 23:30`."""
    name = day.lower()
    if name == "day" and ordinal.lower() != "last":
        raise ValueError("must be a weekday, or `last day`")
    if name not in ("day", *_WEEKDAYS, *_FULL_WEEKDAYS):
        raise ValueError(f"{day!r} is not a day of the week")
    nth = _ORDINALS[ordinal.lower()]
    chosen = "last" if name == "day" else f"{nth} {name[:3]}"
    return _cron("0", str(int(minute)), str(int(hour)), "*", day=chosen)


def _weekdays(field: str) -> str:
    """Return cron's weekdays (0 and 7 are sunday) as names: CronTrigger counts from monday."""
    chosen: set[int] = set()
    for item in field.split(","):
        match = _WEEKDAY_ITEM.fullmatch(item)
        if match is None:
            raise ValueError(
                f"invalid cron expression: {item!r} is not a day of the week (0 to 7, or sun to sat)"
            )
        chosen |= _weekdays_of(item, *match.groups())
    return "*" if len(chosen) == 7 else ",".join(_WEEKDAYS[number] for number in sorted(chosen))


def _weekdays_of(item: str, first: str, last: str | None, step: str | None) -> set[int]:
    begin = 0 if first == "*" else _number(first)
    end = 6 if first == "*" or (step and not last) else _number(last) if last else begin
    if last and end == 0:
        end = 7
    every = int(step or 1)
    if end < begin or every < 1 or (first == "*" and last):
        raise ValueError(f"invalid cron expression: {item!r} is not a range of days")
    return {number % 7 for number in range(begin, end + 1, every)}


def _number(text: str) -> int:
    if text.isdigit():
        return int(text)
    if text.lower() not in _WEEKDAYS:
        raise ValueError(f"invalid cron expression: {text!r} is not a day of the week")
    return _WEEKDAYS.index(text.lower())
