"""A reading of a process tree at one instant, and what grew between two of them."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

from chaos.census import processes
from chaos.census.descriptors import Gone, Unseen, command_of
from chaos.census.levels import Level, Row
from chaos.plugin.handles import ProcessRef


@dataclass(frozen=True, slots=True)
class ProcessReading:
    """One process: its counts and limits, and a document of each level that applies."""

    ref: ProcessRef
    command: str
    counts: Mapping[str, int]
    limits: Mapping[str, int]
    documents: Mapping[int, Any] = field(default_factory=dict)  # by the level's number
    why_not: Mapping[int, str] = field(default_factory=dict)  # of the other levels
    unseen: str = ""  # why nothing of it could be read

    @property
    def level(self) -> int:
        """The strongest level used; 0 for none."""
        return max(self.documents, default=0)


@dataclass(frozen=True, slots=True)
class Reading:
    """All processes of a tree, oldest first."""

    at: float  # on the monotonic clock
    processes: tuple[ProcessReading, ...]

    @property
    def counts(self) -> Counter[str]:
        """Summed over the processes."""
        return _summed(self.processes)

    def by_ref(self) -> dict[ProcessRef, ProcessReading]:
        return {each.ref: each for each in self.processes if not each.unseen}


@dataclass(frozen=True, slots=True)
class Growth:
    """What changed between two readings. Only processes in both are compared."""

    seconds: float
    counts: Mapping[str, int]
    rows: tuple[Row, ...]  # with `pid` and `level`, the most grown first
    started: tuple[ProcessReading, ...]
    ended: tuple[ProcessReading, ...]


def read(refs: Iterable[ProcessRef], levels: Sequence[Level]) -> Reading:
    """Read every process; one that ends meanwhile is left out."""
    found = []
    for ref in refs:
        with suppress(Gone):
            found.append(_read(ref, levels))
    return Reading(time.monotonic(), tuple(found))


def growth(before: Reading, after: Reading, levels: Sequence[Level]) -> Growth:
    then, now = before.by_ref(), after.by_ref()
    both = [ref for ref in now if ref in then]
    counts = _summed(now[ref] for ref in both)
    counts.subtract(_summed(then[ref] for ref in both))
    rows = [row for ref in both for row in _grown(then[ref], now[ref], levels)]
    return Growth(
        after.at - before.at,
        counts,
        tuple(sorted(rows, key=lambda row: -int(row["count"]))),
        tuple(now[ref] for ref in now if ref not in then),
        tuple(then[ref] for ref in then if ref not in now),
    )


def held(reading: Reading, levels: Sequence[Level]) -> tuple[Row, ...]:
    """Everything that is held, in rows as those of `growth`."""
    rows = [
        row
        for each in reading.processes
        for row in _grown(
            replace(each, documents={n: type(d)() for n, d in each.documents.items()}), each, levels
        )
    ]
    return tuple(sorted(rows, key=lambda row: -int(row["count"])))


def _read(ref: ProcessRef, levels: Sequence[Level]) -> ProcessReading:
    """The strongest level first: jcmd starts a thread of the virtual machine's, which is then in every count."""
    documents, why_not = {}, {}
    try:
        for level in sorted(levels, key=lambda each: -each.number):
            try:
                why_not[level.number] = level.why_not(ref.pid)
                if not why_not[level.number]:
                    documents[level.number] = level.read(ref.pid)
            except Unseen as unseen:
                why_not[level.number] = str(unseen)
        counts = {**_counts(ref.pid, documents.get(1)), **processes.memory(ref.pid)}
        command, limits = command_of(ref.pid), processes.limits(ref.pid)
    except Unseen as unseen:
        return ProcessReading(ref, "", {}, {}, {}, why_not, str(unseen))
    reasons = {number: because for number, because in why_not.items() if because}
    return ProcessReading(ref, command, counts, limits, documents, reasons)


def _counts(pid: int, held: Mapping[str, Any] | None) -> dict[str, int]:
    """From the same look as the names, so that they agree."""
    if held is None:
        return processes.counts(pid)
    return processes.counted((each["kind"] for each in held["descriptors"]), len(held["threads"]))


def _grown(before: ProcessReading, after: ProcessReading, levels: Sequence[Level]) -> list[Row]:
    """Of each resource, the rows of the strongest level that has any."""
    found: dict[str, list[Row]] = {}
    for level in sorted(levels, key=lambda each: each.number):
        if level.number in before.documents and level.number in after.documents:
            rows = level.grown(before.documents[level.number], after.documents[level.number])
            for resource in {row["resource"] for row in rows}:
                found[resource] = [
                    {**row, "pid": after.ref.pid, "level": level.number}
                    for row in rows
                    if row["resource"] == resource
                ]
    return [row for rows in found.values() for row in rows]


def _summed(readings: Iterable[ProcessReading]) -> Counter[str]:
    found: Counter[str] = Counter()
    for each in readings:
        found.update(each.counts)
    return found
