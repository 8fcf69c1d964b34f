"""One event of a run: as a journal line, and as a value of its own class."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Self

from chaos.record.fields import keys_of, read, write

Detail = Mapping[str, Any]

NOW = math.nan
"""`at` of an event: the instant at which it is written."""


@dataclass(frozen=True, slots=True)
class Event:
    """An event as in a journal line. docs/journal.md lists all of them."""

    at: float
    source: str
    name: str
    phase: str
    detail: Detail = field(default_factory=dict)

    @property
    def because(self) -> str:
        """The reason; empty where the event has none."""
        return str(self.detail.get("because") or "")

    @property
    def seconds(self) -> float | None:
        """Duration in seconds; None where the event has none."""
        found = self.detail.get("seconds")
        return float(found) if isinstance(found, int | float) else None

    @property
    def evidence(self) -> Detail:
        """Evidence; empty where the event has none."""
        found = self.detail.get("evidence")
        return found if isinstance(found, Mapping) else {}


@dataclass(frozen=True, slots=True)
class Recorded:
    """An event of a known kind. Its fields beyond these are the keys of the event's detail.

    A kind has a source and a phase, and either one name, the default of `name`, or any.
    """

    source: ClassVar[str] = ""
    phase: ClassVar[str] = ""

    at: float  # seconds since the run's start
    name: str
    detail: Detail = field(default_factory=dict, compare=False, repr=False, kw_only=True)
    """For an event read from a journal: the detail as stored, including unknown keys."""

    def event(self) -> Event:
        """Return the journal line."""
        known = {one.key for one in keys_of(type(self))}
        unknown = {key: value for key, value in self.detail.items() if key not in known}
        return Event(self.at, self.source, self.name, self.phase, {**write(self), **unknown})

    def timed(self, now: Callable[[], float]) -> Self:
        """Return the event with NOW replaced by an instant."""
        return replace(self, at=now()) if math.isnan(self.at) else self

    @classmethod
    def of(cls, event: Event) -> Self | None:
        """Return the event as one of this kind; None if it is of another."""
        if (event.source, event.phase) != (cls.source, cls.phase) or event.name != (
            only_name(cls) or event.name
        ):
            return None
        return cls(at=event.at, name=event.name, detail=event.detail, **read(cls, event.detail))


def only_name(kind: type[Recorded]) -> str | None:
    """Return the name shared by all events of this kind; None if each has its own."""
    default = kind.__dataclass_fields__["name"].default
    return default if isinstance(default, str) else None
