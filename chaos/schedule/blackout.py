"""Blackouts, when no run may start: hours of the week, days, and spans of days."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, time, timedelta
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Discriminator, Field, Tag

from chaos.spec.broken import BrokenRule
from chaos.spec.yamlfile import Date, Model

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAYS: tuple[Day, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def _time_of_day(value: object) -> time:
    if isinstance(value, time):
        return value
    if not isinstance(value, str) or not re.fullmatch(r"([01]\d|2[0-4]):[0-5]\d", value):
        raise ValueError('must be a time of day such as "22:00"')
    hour, minute = map(int, value.split(":"))
    if hour < 24:
        return time(hour, minute)
    if minute:
        raise ValueError('must be a time of day such as "22:00"')
    return time.max  # the end of the day: the night does not continue into the next


TimeOfDay = Annotated[time, BeforeValidator(_time_of_day)]
Because = Annotated[str, Field(max_length=200)]


class Hours(Model):
    """`{days: [fri], from: "22:00", to: "23:00"}`: excludes `to`; a night belongs to the day on which it begins."""

    days: Annotated[tuple[Day, ...], Field(min_length=1)] = DAYS
    from_: TimeOfDay = Field(alias="from")
    to: TimeOfDay
    because: Because = ""

    def broken_rules(self) -> Iterator[BrokenRule]:
        if self.from_ == self.to:
            yield BrokenRule('must differ from `from`; for a whole day use "00:00" to "24:00"', "to")

    def holds(self, wall: datetime) -> bool:
        today, at = DAYS[wall.weekday()], wall.time()
        if self.from_ < self.to:
            return today in self.days and self.from_ <= at and (at < self.to or self.to == time.max)
        yesterday = DAYS[(wall - timedelta(days=1)).weekday()]
        return (today in self.days and at >= self.from_) or (yesterday in self.days and at < self.to)

    def __str__(self) -> str:
        end = "24:00" if self.to == time.max else f"{self.to:%H:%M}"
        return self.because or f"{', '.join(self.days)} {self.from_:%H:%M} to {end}"


class OneDay(Model):
    """`{date: 2026-12-24}`"""

    date: Date
    because: Because = ""

    def holds(self, wall: datetime) -> bool:
        return wall.date() == self.date

    def __str__(self) -> str:
        return self.because or str(self.date)


class Span(Model):
    """`{from: 2026-12-20, to: 2027-01-02}`: includes both days."""

    from_: Date = Field(alias="from")
    to: Date
    because: Because = ""

    def broken_rules(self) -> Iterator[BrokenRule]:
        if self.to < self.from_:
            yield BrokenRule(f"must not be before {self.from_}", "to")

    def holds(self, wall: datetime) -> bool:
        return self.from_ <= wall.date() <= self.to

    def __str__(self) -> str:
        return self.because or f"{self.from_} to {self.to}"


def _kind(value: Any) -> str:
    if isinstance(value, Model):
        return {Hours: "hours", OneDay: "day", Span: "span"}[type(value)]
    given = value if isinstance(value, dict) else {}
    if "date" in given:
        return "day"
    hours = "days" in given or any(":" in str(given.get(key, "")) for key in ("from", "to"))
    return "hours" if hours else "span"


Blackout = Annotated[
    Annotated[Hours, Tag("hours")] | Annotated[OneDay, Tag("day")] | Annotated[Span, Tag("span")],
    Discriminator(_kind),
]
