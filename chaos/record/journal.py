"""The append-only record of a run: the only bridge between doing and judging, and the undo record.

Events and samples are JSON lines, each file with one writer and a version in its first line. Times are
seconds of the monotonic clock since the run's start; the first event ties that to UTC and to the boot.
"""

from __future__ import annotations

import json
import os
import threading
import time
from array import array
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from chaos.record import store
from chaos.record.event import Detail, Event, Recorded
from chaos.record.events import BaselineBegun, BaselineEnded, PlayBegun, PlayEnded
from chaos.record.hits import HitsHeader
from chaos.record.lines import VERSION, read_events, read_lines
from chaos.record.manifest import Manifest
from chaos.record.redact import Redactor, known
from chaos.record.store import RunDir
from chaos.record.stored_hits import StoredHits, reading

__all__ = [
    "VERSION",
    "Clock",
    "Detail",
    "Event",
    "Journal",
    "Sample",
    "Series",
    "Span",
    "Writer",
    "boot_id",
    "read_events",
    "read_lines",
]

E = TypeVar("E", bound=Recorded)


@dataclass(frozen=True, slots=True)
class Sample:
    """One gauge at one instant; `source` is `api`, `database`, `machine`, `process:api` ..."""

    at: float
    source: str
    gauge: str
    value: float


@dataclass(frozen=True, slots=True)
class Clock:
    """Seconds since the run's start, on the system-wide monotonic clock."""

    zero: float  # time.monotonic() at the run's start

    def now(self) -> float:
        return time.monotonic() - self.zero

    def utc_at_zero(self) -> datetime:
        return datetime.fromtimestamp(time.time() - self.now(), UTC)


def boot_id() -> str:
    """The kernel's boot id: monotonic times and pids are valid only within one boot."""
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


class Writer:
    """Appends records to one file, masking secrets as it writes. Thread safe."""

    def __init__(self, path: Path, redact: Redactor | None = None) -> None:
        self._path, self._given = path, redact
        self._lock = threading.Lock()
        fresh = not path.exists() or path.stat().st_size == 0
        self._file = path.open("a", encoding="utf-8")
        self._listeners: list[Callable[[Event], None]] = []
        if fresh:
            self._line({"version": VERSION})

    @property
    def _redact(self) -> Redactor:
        """By default with what this process has learned until now, such as a token that a service just gave."""
        return self._given or known.redactor

    def listen(self, listener: Callable[[Event], None]) -> None:
        """Call `listener` with every event as written, already masked: it may be printed."""
        self._listeners.append(listener)

    def event(self, event: Event | Recorded, *, sync: bool = False) -> None:
        """Append the event; with `sync` it is on disk when this returns: intention precedes action."""
        line = event.event() if isinstance(event, Recorded) else event
        self._line(asdict(line), sync=sync)
        if self._listeners:
            told = replace(line, detail=self._redact.document(line.detail))
            for listener in self._listeners:
                listener(told)

    def samples(self, batch: list[Sample]) -> None:
        """Append one tick of samples as a single line: `{"at": .., "values": {source: {gauge: value}}}`."""
        values: dict[str, dict[str, float]] = {}
        for sample in batch:
            values.setdefault(sample.source, {})[sample.gauge] = sample.value
        if batch:
            self._line({"at": batch[0].at, "values": values})

    def close(self) -> None:
        """Close the file. Errors of a full disk were reported at the write."""
        with self._lock, suppress(OSError):
            self._file.close()

    def _line(self, document: dict[str, Any], *, sync: bool = False) -> None:
        # before JSON encoding, which may escape a secret, or make a number look like one
        text = json.dumps(self._redact.document(document), separators=(",", ":"), default=str)
        try:
            with self._lock:
                self._file.write(text + "\n")
                self._file.flush()
                if sync:
                    os.fsync(self._file.fileno())
        except OSError as error:
            raise store.not_recorded(error, self._path.parent) from error


@dataclass(frozen=True, slots=True)
class Series:
    """One gauge over time: two arrays of the same length."""

    at: npt.NDArray[np.float64]
    value: npt.NDArray[np.float64]

    def between(self, start: float, end: float) -> Series:
        inside = (self.at >= start) & (self.at < end)
        return Series(self.at[inside], self.value[inside])


_EMPTY = Series(np.empty(0), np.empty(0))


@dataclass(frozen=True, slots=True)
class Span:
    """A span of time, in seconds since the run's start."""

    start: float
    end: float


class Journal:
    """A stored run, read by checks and reports. Everything here raises Unreadable if its file is damaged, missing or of
    another version."""

    def __init__(self, run: RunDir) -> None:
        self.run = run

    @cached_property
    @reading()
    def manifest(self) -> Manifest:
        """`run.json`, the manifest."""
        return Manifest.load(self.run.run_file)

    @cached_property
    @reading()
    def events(self) -> list[Event]:
        return read_events(self.run)

    @cached_property
    @reading()
    def damaged(self) -> int:
        """Number of event lines that are not events, except a last one torn by a kill."""
        damaged: list[int] = []
        read_events(self.run, damaged)
        return len(damaged)

    def find(self, source: str, name: str | None = None, phase: str | None = None) -> list[Event]:
        return [
            event
            for event in self.events
            if event.source == source and name in (None, event.name) and phase in (None, event.phase)
        ]

    def every(self, kind: type[E], name: str | None = None) -> list[E]:
        """Return the events of one kind, of this name or any, in order of time."""
        found = (kind.of(event) for event in self.events if name in (None, event.name))
        return [event for event in found if event is not None]

    def latest(self, kind: type[E], name: str | None = None) -> E | None:
        """Return the last event of one kind; None if there is none."""
        found = self.every(kind, name)
        return found[-1] if found else None

    def _span(self, begin: type[Recorded], end: type[Recorded]) -> Span | None:
        """Return the span from one event to the other; without an end, to the last event."""
        first = self.latest(begin)
        if first is None:
            return None
        last = self.latest(end)
        return Span(first.at, last.at if last else self.events[-1].at)

    @property
    def play(self) -> Span | None:
        """The play: from its zero to its planned end; shorter if cut short."""
        return self._span(PlayBegun, PlayEnded)

    @property
    def baseline(self) -> Span | None:
        return self._span(BaselineBegun, BaselineEnded)

    @cached_property
    @reading()
    def hits(self) -> StoredHits:
        return StoredHits(self.run.hits)

    @cached_property
    @reading()
    def hits_header(self) -> HitsHeader:
        return HitsHeader.load(self.run.hits_header)

    @cached_property
    @reading()
    def _series(self) -> dict[tuple[str, str], Series]:
        points: dict[tuple[str, str], tuple[array[float], array[float]]] = {}
        for line in read_lines(self.run.samples):
            for source, gauges in line["values"].items():
                for gauge, value in gauges.items():
                    at, values = points.setdefault((source, gauge), (array("d"), array("d")))
                    at.append(line["at"])
                    values.append(value)
        return {key: Series(np.array(at), np.array(values)) for key, (at, values) in points.items()}

    def series(self, source: str, gauge: str) -> Series:
        """Return one gauge over time; empty if never sampled."""
        return self._series.get((source, gauge), _EMPTY)

    def gauges(self) -> list[tuple[str, str]]:
        return sorted(self._series)

    @cached_property
    @reading()
    def instrument(self) -> list[dict[str, float]]:
        """The load process's record of itself, by window: {"start", "end", "lag", "run_delay"} in seconds."""
        return list(read_lines(self.run.instrument))

    @cached_property
    @reading()
    def answers(self) -> list[dict[str, Any]]:
        """A sample of the good answers: {"at", "route", "type", "length", "names"}."""
        return list(read_lines(self.run.answers))

    @property
    @reading()
    def bad_answers(self) -> list[dict[str, Any]]:
        """One bad answer of each kind: {"at", "route", "outcome", "status", "reason", "type", "length", "sample"}."""
        return list(read_lines(self.run.bad_answers))

    @property
    @reading()
    def readback(self) -> npt.NDArray[np.void] | None:
        """What the target had afterwards: rows of (seq, matches); None if not read completely."""
        return np.load(self.run.readback) if self.run.readback.exists() else None
