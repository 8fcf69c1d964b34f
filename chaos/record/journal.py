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
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from chaos.record import renamed, store
from chaos.record.hits import HitsHeader
from chaos.record.redact import Redactor, known
from chaos.record.store import RunDir
from chaos.record.stored_hits import StoredHits, reading

VERSION = 1

Detail = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened. `source` is `run`, `load`, `target`, `step`, `healer`, `console` ..."""

    at: float
    source: str
    name: str
    phase: str
    detail: Detail = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Sample:
    """One gauge at one instant; `source` says whose: `api`, `database`, `machine`, `process:api` ..."""

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
    """The kernel's id of this boot: monotonic times and pids mean nothing under another one."""
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


class Writer:
    """Appends records to one file, redacting secrets as it writes. Thread safe."""

    def __init__(self, path: Path, redact: Redactor | None = None) -> None:
        self._path, self._redact = path, redact or known.redactor
        self._lock = threading.Lock()
        fresh = not path.exists() or path.stat().st_size == 0
        self._file = path.open("a", encoding="utf-8")
        self._listeners: list[Callable[[Event], None]] = []
        if fresh:
            self._line({"version": VERSION})

    def listen(self, listener: Callable[[Event], None]) -> None:
        """Call `listener` with every event, as it was written: what listens may print."""
        self._listeners.append(listener)

    def event(self, event: Event, *, sync: bool = False) -> None:
        """Append the event; with `sync` it is on the disk when this returns: intention precedes action."""
        self._line(asdict(event), sync=sync)
        if self._listeners:
            told = replace(event, detail=self._redact.document(event.detail))
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
        """Close the file. What a full disk refused has been told where it was written."""
        with self._lock, suppress(OSError):
            self._file.close()

    def _line(self, document: dict[str, Any], *, sync: bool = False) -> None:
        # before it becomes JSON: there a secret may be escaped, and a number look like one
        text = json.dumps(self._redact.document(document), separators=(",", ":"), default=str)
        try:
            with self._lock:
                self._file.write(text + "\n")
                self._file.flush()
                if sync:
                    os.fsync(self._file.fileno())
        except OSError as error:
            raise store.not_recorded(error, self._path.parent) from error


def read_lines(path: Path, damaged: list[int] | None = None) -> Iterator[dict[str, Any]]:
    """The records of one file; a foreign version raises ValueError. A damaged line is left out: its number
    goes into `damaged`, unless it is the last one, torn by a kill."""
    if not path.exists():
        return
    with path.open(encoding="utf-8", errors="replace") as file:
        for number, line in enumerate(file):
            document = _record(line)
            if document is None:
                if damaged is not None and line.endswith("\n"):
                    damaged.append(number + 1)
                continue
            if number == 0 and document.get("version") != VERSION:
                raise ValueError(f"{path}: version {document.get('version')}, this program reads {VERSION}")
            if number:
                yield document


def _record(line: str) -> dict[str, Any] | None:
    try:
        document = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


def read_events(run: RunDir, damaged: list[int] | None = None) -> list[Event]:
    """The runner's events and the healer's, in order of time; what is none is left out, see `read_lines`."""
    found = []
    for path in (run.events, run.healer_events):
        for number, line in enumerate(read_lines(path, damaged), start=2):
            event = _event_of(line)
            if event is not None:
                found.append(event)
            elif damaged is not None:
                damaged.append(number)
    return sorted(found, key=lambda event: event.at)


def _event_of(line: dict[str, Any]) -> Event | None:
    try:
        event = Event(**line)
    except TypeError:
        return None
    texts = (event.source, event.name, event.phase)
    timed = isinstance(event.at, int | float) and not isinstance(event.at, bool)
    known = timed and all(isinstance(text, str) for text in texts) and isinstance(event.detail, dict)
    return replace(event, phase=renamed.PHASES.get(event.phase, event.phase)) if known else None


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
    """A stretch of time, in seconds since the run's start."""

    start: float
    end: float


class Journal:
    """A stored run, for reading: what the checks and the reports judge and render. Everything here raises Unreadable
    where the file that it is read from is broken, of another version or not there."""

    def __init__(self, run: RunDir) -> None:
        self.run = run

    @cached_property
    @reading()
    def about(self) -> dict[str, Any]:
        """`run.json`: the resolved experiment and target, profile, seed, versions, git revision."""
        document: dict[str, Any] = json.loads(self.run.run_file.read_text())
        if isinstance(experiment := document.get("experiment"), dict):
            document["experiment"] = renamed.experiment_as_named_today(experiment)
        return document

    @cached_property
    @reading()
    def events(self) -> list[Event]:
        return read_events(self.run)

    @cached_property
    @reading()
    def damaged(self) -> int:
        """How many lines of the events are no events, but for a last one torn by a kill."""
        damaged: list[int] = []
        read_events(self.run, damaged)
        return len(damaged)

    def find(self, source: str, name: str | None = None, phase: str | None = None) -> list[Event]:
        return [
            event
            for event in self.events
            if event.source == source and name in (None, event.name) and phase in (None, event.phase)
        ]

    def last(self, source: str, name: str | None = None, phase: str | None = None) -> Event | None:
        found = self.find(source, name, phase)
        return found[-1] if found else None

    def span(self, source: str, name: str, begin: str = "begun", end: str = "ended") -> Span | None:
        """From the event of phase `begin` to that of phase `end`; without an end, to the last event."""
        first = self.last(source, name, begin)
        if first is None:
            return None
        last = self.last(source, name, end)
        return Span(first.at, last.at if last else self.events[-1].at)

    @property
    def play(self) -> Span | None:
        """The play: from its zero to the due time of its end, as it was planned; shorter if cut short."""
        return self.span("run", "play")

    @property
    def baseline(self) -> Span | None:
        return self.span("run", "baseline")

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
        """One gauge over time; empty when it was never sampled."""
        return self._series.get((source, gauge), _EMPTY)

    def gauges(self) -> list[tuple[str, str]]:
        return sorted(self._series)

    @cached_property
    @reading()
    def instrument(self) -> list[dict[str, float]]:
        """The load process on itself, by window: {"start", "end", "lag", "run_delay"} in seconds."""
        return list(read_lines(self.run.instrument))

    @cached_property
    @reading()
    def answers(self) -> list[dict[str, Any]]:
        """What the good answers looked like, a sample: {"at", "route", "type", "length", "names"}."""
        return list(read_lines(self.run.answers))

    @property
    @reading()
    def readback(self) -> npt.NDArray[np.void] | None:
        """What the target held afterwards: rows of (seq, matches); None when it was not read whole."""
        return np.load(self.run.readback) if self.run.readback.exists() else None
