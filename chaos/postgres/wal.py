"""Positions in the write-ahead log: LSNs, segment file names, and timeline forks."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TypeAlias

Lsn: TypeAlias = int  # bytes from the beginning of the log

SEGMENT = re.compile(r"[0-9A-F]{24}")
HISTORY = re.compile(r"[0-9A-F]{8}\.history")
_LSN = re.compile(r"([0-9A-Fa-f]{1,8})/([0-9A-Fa-f]{1,8})")


def lsn(text: str) -> Lsn:
    """`16/B374D848` as a number. Raises ValueError."""
    match = _LSN.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"an LSN is written as 16/B374D848, got {text!r}")
    return (int(match[1], 16) << 32) + int(match[2], 16)


def show_lsn(place: Lsn) -> str:
    return f"{place >> 32:X}/{place & 0xFFFFFFFF:X}"


@dataclass(frozen=True, slots=True, order=True)
class Segment:
    """One file of the log: the `number`-th `size` bytes, as written by `timeline`."""

    timeline: int
    number: int
    size: int

    @property
    def name(self) -> str:
        per_file = (1 << 32) // self.size
        return f"{self.timeline:08X}{self.number // per_file:08X}{self.number % per_file:08X}"

    @property
    def start(self) -> Lsn:
        return self.number * self.size


def segment(name: str, size: int) -> Segment:
    """The segment in a file of that name, for segments of `size` bytes."""
    high, low = int(name[8:16], 16), int(name[16:], 16)
    return Segment(int(name[:8], 16), high * ((1 << 32) // size) + low, size)


@dataclass(frozen=True, slots=True)
class Timelines:
    """A timeline and its ancestors, oldest first: each one's number and where the next forked from it."""

    ancestors: tuple[tuple[int, Lsn], ...]
    last: int

    def numbers(self) -> tuple[int, ...]:
        return (*(number for number, _ in self.ancestors), self.last)

    def begins(self, timeline: int) -> Lsn:
        """Where `timeline` forked from its parent; 0 for the first."""
        position = self.numbers().index(timeline)
        return self.ancestors[position - 1][1] if position else 0

    def ends(self, timeline: int) -> Lsn | None:
        """Where the next one forked from `timeline`; None for the last."""
        return dict(self.ancestors).get(timeline)

    def segments(self, first: Lsn, last: Lsn, size: int) -> list[Segment]:
        """The files that a restore reads from `first` to `last`, inclusive.

        The file in which a timeline forks is read from the newer timeline, which starts with a copy of it.
        """
        starts = [(self.begins(number) // size, number) for number in self.numbers()]
        return [
            Segment(max(number for begin, number in starts if begin <= place), place, size)
            for place in range(first // size, last // size + 1)
        ]


def timelines(last: int, history: str) -> Timelines:
    """Parse the history file of `last`; empty text for the first timeline, which has none. Raises ValueError."""
    ancestors = []
    for line in history.splitlines():
        fields = line.split("\t")
        if line.strip() and not line.lstrip().startswith("#"):
            ancestors.append((int(fields[0]), lsn(fields[1])))
    return Timelines(tuple(ancestors), last)
