"""Stored runs made to measure: a healthy one by default, and each field of `Night` spoils one thing."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from chaos.checks.finding import Finding
from chaos.checks.judged import Judged
from chaos.record import hits
from chaos.record.hits import HitsHeader, Outcome
from chaos.record.journal import Event, Journal, Sample, Writer
from chaos.record.store import RunDir
from chaos.spec.experiment import Experiment

BASELINE, PLAY, LENGTH = 5.0, 20.0, 60.0  # run clock; the baseline is 10 s long
RATE = 10.0  # hits per second, evenly spaced: 100 in the baseline, 600 in the play
STEP = (20.0, 22.0)  # seconds of the play between which the one step acts
TIMEOUT = 5.0

approx: Any = pytest.approx  # comparable with anything, as far as types go

Stretch = tuple[float, float]  # [start, end) in seconds of the play


def experiment_file(**changed: Any) -> dict[str, Any]:
    """The experiment as a file would give it, with some of its keys changed."""
    return {
        "name": "night",
        "title": "A night made to measure",
        "load": {
            "timeout": TIMEOUT,
            "mix": {"read": 4, "write": 1},
            "baseline": {"for": 10, "rate": RATE},
            "phases": [{"name": "all", "for": LENGTH, "rate": RATE}],
        },
        "steps": [{"name": "drop", "fault": "idle_drop", "at": STEP[0], "hold": 5}],
        "slos": [
            {"name": "availability", "availability": "99%"},
            {"name": "p99", "latency": {"percentile": 99, "below": 2}},
            {"name": "pool", "pool": {"in_use": "80%"}},
        ],
        "limits": {"recovery": 15, "lost_writes": 0, "lost_log_lines": 0},
        "budget": {"rto": 900, "rpo": 300},
        **changed,
    }


def step_events(name: str, start: float, end: float, **held: Any) -> list[Event]:
    """A step that acted from `start` to `end` seconds of the play; its dose is twice its floor."""
    detail = {"dose": {"closed": 4.0}, "floor": {"closed": 2.0}, "evidence": {}, **held}
    return [
        Event(PLAY + start, "step", name, "injecting", {"fault": "idle_drop", "undo": {}}),
        Event(PLAY + start + 0.01, "step", name, "injected", {"evidence": {}}),
        Event(PLAY + end - 0.01, "step", name, "held", detail),
        Event(PLAY + end, "step", name, "undone", {"evidence": {}}),
    ]


_SAMPLES: dict[str, bytes] = {}
"""The samples of hundreds of nights, most of which have the same, by their gauges."""


@dataclass
class Night:
    """What was recorded. Times of stretches are seconds of the play, of events those of the run clock."""

    changed: dict[str, Any] = field(default_factory=dict)
    due: list[float] | None = None  # of the play's hits, in order; evenly spaced where not given
    bad: list[tuple[float, float, Outcome]] = field(default_factory=list)
    slow: list[tuple[float, float, float]] = field(default_factory=list)
    doubted: list[Stretch] = field(default_factory=list)
    instrument_until: float = LENGTH + 10
    steps: list[Event] = field(default_factory=lambda: step_events("drop", *STEP))
    ended: dict[str, Any] | None = field(default_factory=lambda: {"reason": "completed", "because": ""})
    baseline: dict[str, Any] | None = field(
        default_factory=lambda: {"steady": True, "because": "", "p99": 0.02, "availability": 1.0}
    )
    played: float | None = LENGTH
    load: bool = True
    missing: tuple[int, ...] = ()
    different: tuple[int, ...] = ()
    doubled: tuple[int, ...] = ()
    readback: dict[str, Any] | None = field(
        default_factory=lambda: {"complete": True, "reads": 2, "because": ""}
    )
    logs: dict[str, Any] | None = field(
        default_factory=lambda: {"complete": True, "expected": 600, "lost": 0, "doubled": 0, "dropped": 0}
    )
    gauges: dict[tuple[str, str], list[tuple[float, float, float]]] = field(
        default_factory=dict
    )  # NaN: not sampled
    sampled: bool = True
    answers: list[dict[str, Any]] = field(default_factory=list)  # what the load process says of some
    target: dict[str, Any] = field(default_factory=lambda: {"name": "reference"})

    def write(self, path: Path) -> tuple[Experiment, Journal]:
        """Write the run directory, and open it as the checks do."""
        path.mkdir(parents=True, exist_ok=True)
        run = RunDir(path)
        document = experiment_file(**self.changed)
        about = {"version": 1, "id": "night-1", "experiment": document, "target": self.target}
        run.run_file.write_text(json.dumps({**about, "profile": "fragile", "seed": 7}))
        self._write_events(run)
        self._write_instrument(run)
        if self.load:
            self._write_hits(run)
        if self.sampled:
            self._write_samples(run)
        if self.answers:
            lines = [{"version": 1}, *self.answers]
            run.answers.write_text("".join(json.dumps(line) + "\n" for line in lines))
        return Experiment.model_validate(document), Journal(run)

    def findings(self, path: Path, check: Callable[[Judged], list[Finding]]) -> dict[str, Finding]:
        """What the check finds in this night, by name."""
        return {finding.name: finding for finding in check(Judged(*self.write(path)))}

    def _write_events(self, run: RunDir) -> None:
        events = [Event(0.0, "run", "run", "begun", {"utc": "", "boot": "", "monotonic": 0.0}), *self.steps]
        if self.baseline is not None:
            events.append(Event(BASELINE, "run", "baseline", "begun"))
            events.append(Event(BASELINE + 10, "run", "baseline", "ended", self.baseline))
        if self.played is not None:
            events.append(Event(PLAY, "run", "play", "begun", {"length": LENGTH}))
            events.append(Event(PLAY + self.played, "run", "play", "ended"))
        for name, phase, detail in (("readback", "ended", self.readback), ("logs", "read", self.logs)):
            if detail is not None:
                events.append(Event(PLAY + LENGTH + 8, "run", name, phase, detail))
        if self.ended is not None:
            events.append(Event(PLAY + LENGTH + 9, "run", "run", "ended", self.ended))
        writer = Writer(run.events)
        for event in sorted(events, key=lambda event: event.at):
            writer.event(event)
        writer.close()

    def _write_instrument(self, run: RunDir) -> None:
        lines: list[dict[str, float]] = [{"version": 1}]
        for start in np.arange(BASELINE, PLAY + self.instrument_until):
            doubted = any(low <= start - PLAY < high for low, high in self.doubted)
            lag = 0.5 if doubted else 0.002
            lines.append({"start": float(start), "end": float(start) + 1, "lag": lag, "run_delay": 0.001})
        if len(lines) > 1:
            run.instrument.write_text("".join(json.dumps(line) + "\n" for line in lines))

    def _write_hits(self, run: RunDir) -> None:
        play = np.arange(0, LENGTH, 1 / RATE) if self.due is None else np.array(self.due)
        due = np.concatenate([BASELINE + np.arange(0, 10, 1 / RATE), PLAY + play])
        route = (np.arange(len(due)) % 5 == 0).astype(np.uint8)
        seq = np.where(route == 1, np.cumsum(route == 1), -1).astype(np.int64)
        table = hits.create(run.hits, due, route, seq)
        HitsHeader(("read", "write"), ("write",), (TIMEOUT, TIMEOUT)).save(run.hits_header)
        table["sent"], table["done"] = due, due + 0.01
        table["outcome"] = Outcome.GOOD
        at = due - PLAY
        for low, high, seconds in self.slow:
            chosen = (at >= low - 1e-9) & (at < high - 1e-9)
            table["done"][chosen] = due[chosen] + seconds
        for low, high, outcome in self.bad:
            chosen = (at >= low - 1e-9) & (at < high - 1e-9)
            table["outcome"][chosen] = outcome
            if outcome in (Outcome.UNSENT, Outcome.PENDING):
                table["done"][chosen] = np.nan
            if outcome is Outcome.UNSENT:
                table["sent"][chosen] = np.nan
        self._write_readback(run, table["seq"][table["seq"] >= 0])

    def _write_readback(self, run: RunDir, seq: npt.NDArray[np.int64]) -> None:
        rows = np.zeros(len(seq), dtype=[("seq", "<i8"), ("state", "u1")])
        rows["seq"], rows["state"] = seq, 1
        rows["state"][np.isin(seq, self.missing)] = 0
        rows["state"][np.isin(seq, self.different)] = 2
        rows["state"][np.isin(seq, self.doubled)] = 4
        if self.readback is not None:
            np.save(run.readback, rows)

    def _write_samples(self, run: RunDir) -> None:
        key = repr(self.gauges)
        if key not in _SAMPLES:
            self._sample(run)
            _SAMPLES[key] = run.samples.read_bytes()
        run.samples.write_bytes(_SAMPLES[key])

    def _sample(self, run: RunDir) -> None:
        usual = {
            ("api", "pool_size"): 40.0,
            ("api", "pool_checked_out"): 2.0,
            ("api", "pool_waiters"): 0.0,
            ("api", "pool_waits_timed_out"): 0.0,
            ("machine", "cpu"): 0.2,
            ("volume:data", "busy"): 0.1,
            ("volume:data", "sync_wait"): 0.001,
            ("database", "connections"): 20.0,
            ("database", "max_connections"): 100.0,
        }
        writer = Writer(run.samples)
        for at in np.arange(BASELINE, PLAY + LENGTH, 0.25):
            values = dict(usual)
            for key, stretches in self.gauges.items():
                for low, high, value in stretches:
                    if low <= at - PLAY < high:
                        values[key] = value
            seen = {key: value for key, value in values.items() if not np.isnan(value)}
            writer.samples([Sample(float(at), *key, value) for key, value in seen.items()])
        writer.close()
