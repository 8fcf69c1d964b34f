"""Lines by what identifies them: seen while they were written, and found in the files afterwards.

Standard library only: it also runs in a sidecar. A line is identified by what `line_id` finds in it, or else by its
whole text. Two groups are a writer and a number that it counts up; one group of digits is such a number.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field

MOST = 2_000_000  # lines: beyond, they are only counted
_MOST_MISSING = 10_000  # numbers of one writer, or as many as are there
_FOUND = 1 << 32  # a line's two counts in one number: seen below, found above


@dataclass(frozen=True, slots=True)
class Lost:
    """`missing`: numbers between the first and the last of a writer that no line has; None if none count up."""

    seen: int
    found: int
    lost: int  # seen and not found
    doubled: int
    unseen: int  # found, and not seen while they were written
    unseen_bytes: int
    missing: int | None
    by: str  # id | line | count: what tells lines apart


class Numbers:
    """The numbers of one writer as stretches without a gap."""

    def __init__(self) -> None:
        self.since = True  # a number came after the last gap
        self._starts: list[int] = []
        self._ends: list[int] = []

    def add(self, number: int) -> None:
        place = bisect_right(self._starts, number) - 1
        if place >= 0 and number <= self._ends[place]:
            return
        after = place + 1 < len(self._starts) and self._starts[place + 1] == number + 1
        if place >= 0 and self._ends[place] == number - 1:
            self._ends[place] = number
            if after:
                self._ends[place] = self._ends.pop(place + 1)
                del self._starts[place + 1]
        elif after:
            self._starts[place + 1] = number
        else:
            self._starts.insert(place + 1, number)
            self._ends.insert(place + 1, number)

    @property
    def here(self) -> int:
        return sum(self._ends) - sum(self._starts) + len(self._starts)

    @property
    def missing(self) -> int:
        return self._ends[-1] - self._starts[0] + 1 - self.here

    @property
    def count_up(self) -> bool:
        """False if so much is missing that they are no count: ids of another kind, such as hashes."""
        return self.missing <= max(_MOST_MISSING, self.here)


@dataclass(slots=True)
class Tally:
    """Add what was seen, then what was found."""

    line_id: re.Pattern[bytes] | None = None
    _counts: dict[int, int] | None = field(default_factory=dict)
    _numbers: dict[bytes, Numbers] = field(default_factory=dict)
    _seen: int = 0
    _found: int = 0
    _unseen_bytes: int = 0
    without: int = 0  # lines without a number
    shortest: int = 0  # bytes of the shortest line known, with its end
    _gapped: bool = False
    _begun_in_a_gap: bool = False  # a writer's first number came after a gap: earlier ones may be lost

    def see(self, lines: list[bytes]) -> None:
        """Lines as they were written, each without its end."""
        self._seen += len(lines)
        self._measure(lines)
        counts = self._counts
        if counts is None:
            return
        for name in self._ids(lines):
            counts[name] = counts.get(name, 0) + 1
        if len(counts) > MOST:
            self._counts = None

    def find(self, lines: list[bytes]) -> None:
        """Lines that a file holds now."""
        self._found += len(lines)
        counts = self._counts
        if counts is None:
            return
        for line, name in zip(lines, self._ids(lines), strict=True):
            before = counts.get(name, 0)
            counts[name] = before + _FOUND
            if before == 0:  # never seen, and found for the first time
                self._unseen_bytes += len(line) + 1

    def before(self, lines: list[bytes]) -> None:
        """The last lines from before the run: where the numbers stood, and how short lines may be."""
        self._measure(lines)
        if self.line_id is not None:
            for _ in self._ids(lines):
                pass
        self.without = 0

    def gap(self) -> None:
        """Lines may have been written and lost unseen."""
        self._gapped = True
        for each in self._numbers.values():
            each.since = False

    @property
    def is_exact(self) -> bool:
        """True if what is missing is known by numbers: each line has one, and each writer wrote before and after."""
        counting = all(each.count_up and each.since for each in self._numbers.values())
        return bool(self._numbers) and self.without == 0 and counting and not self._begun_in_a_gap

    def lost(self, unseen: int | None) -> Lost:
        """What became of the lines, where up to `unseen` bytes may have been written unseen (None: any number)."""
        if self._counts is None:
            lost = max(0, self._seen - self._found)
            more = max(0, self._found - self._seen)
            doubled = more if unseen == 0 else 0
            return Lost(self._seen, self._found, lost, doubled, more - doubled, 0, self._missing(), "count")
        lost = doubled = new = 0
        for both in self._counts.values():
            seen, found = both % _FOUND, both // _FOUND
            lost += max(0, seen - found)
            # without ids, a line that may have been written again unseen is not one that was doubled
            again = max(0, found - seen) if seen else max(0, found - 1)
            first = max(0, found - seen) - again
            if self.line_id is None and unseen != 0:
                again, first = 0, first + again
            doubled, new = doubled + again, new + first
        by = "line" if self.line_id is None else "id"
        return Lost(self._seen, self._found, lost, doubled, new, self._unseen_bytes, self._missing(), by)

    def _measure(self, lines: list[bytes]) -> None:
        shortest = min(map(len, lines), default=self.shortest) + 1
        self.shortest = min(self.shortest or shortest, shortest)

    def _number(self, writer: bytes, number: int) -> None:
        if writer not in self._numbers:
            self._numbers[writer] = Numbers()
            self._begun_in_a_gap |= self._gapped
        self._numbers[writer].add(number)
        self._numbers[writer].since = True

    def _missing(self) -> int | None:
        counting = [each for each in self._numbers.values() if each.count_up]
        return sum(each.missing for each in counting) if counting else None

    def _ids(self, lines: list[bytes]) -> Iterator[int]:
        if self.line_id is None:
            yield from map(hash, lines)
            return
        for line in lines:
            found = self.line_id.search(line)
            if found is None:
                self.without += 1
                yield hash(line)
                continue
            groups = found.groups(b"")
            if not groups[-1].isdigit():
                self.without += 1
            else:
                self._number(b" ".join(groups[:-1]), int(groups[-1]))
            yield hash(groups or found.group())
