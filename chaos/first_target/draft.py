"""What was found, section by section of a target file."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Item:
    """Lines of one section and their reason. Off: they are written as a comment, and `why` says how to switch it on, or
    how to find what is missing."""

    why: str
    lines: tuple[str, ...] = ()
    on: bool = True


@dataclass(slots=True)
class Draft:
    """A target file in the making. Sections of `options` are in `options`, those of the file in `top`."""

    name: str
    driver: str
    seen: list[str] = field(default_factory=list)  # what was looked at, for the head of the file
    top: dict[str, list[Item]] = field(default_factory=dict)
    options: dict[str, list[Item]] = field(default_factory=dict)

    def add(self, section: str, *items: Item) -> None:
        self.top.setdefault(section, []).extend(items)

    def option(self, section: str, *items: Item) -> None:
        self.options.setdefault(section, []).extend(items)


CONSENT_FOR = timedelta(days=30)
"""How long a consent lasts by default."""


@dataclass(frozen=True, slots=True)
class Consent:
    """Who agreed, and the last day of it, as typed."""

    owner: str
    until: str
