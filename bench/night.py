"""A stored run as large as is asked for, written without playing it.

Three outages, seconds in which the instrument doubts itself, a ledger with lost writes, samples four times a
second: everything that judging and reporting has to walk through.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from chaos.checks.exact import Counts, Times
from chaos.record.hits import DTYPE, HitsHeader, HitTable, Outcome
from chaos.record.journal import Event, Sample, Writer
from chaos.record.store import RunDir

Bytes = npt.NDArray[np.uint8]

RATE = 2000.0  # requests per second, the most that an experiment may ask
CHUNK = 50.0  # seconds of the play that are made at once
BASELINE, QUIET, PLAY = 2.0, 10.0, 15.0  # run clock: the baseline's start, its length, the play's start
ROUTES, WRITE = ("read", "write", "answer"), 1
TIMEOUT = 5.0
OUTAGES = ((0.30, 0.02, Outcome.BAD_STATUS), (0.50, 0.01, Outcome.TIMEOUT), (0.70, 0.005, Outcome.REFUSED))
"""Where each begins and how long it lasts, as shares of the play, and how a hit ends in it."""
DOUBTED = 97  # every so many seconds the instrument was late
LOST = 1009  # every so many acknowledged writes are lost


@dataclass(frozen=True, slots=True)
class Night:
    """About so many hits; the play is as long as they take at `RATE`."""

    hits: int
    seed: int = 11

    @property
    def length(self) -> float:
        return self.hits / RATE

    def experiment(self) -> dict[str, Any]:
        """Every kind of objective over hits: of the play, of a route, of a step, in sliding windows."""
        third, window = self.length / 3, min(10.0, self.length / 5)
        return {
            "name": "ten_million",
            "title": "A night of many hits",
            "load": {
                "timeout": TIMEOUT,
                "mix": {"read": 6, "write": 3, "answer": 1},
                "baseline": {"for": QUIET, "rate": RATE / 20},
                "phases": [{"name": f"part-{n}", "for": third, "rate": RATE} for n in (1, 2, 3)],
            },
            "steps": [{"name": "drop", "fault": "idle_drop", "at": third, "hold": third}],
            "slos": [
                {"name": "availability", "availability": 0.99},
                {"name": "p99", "latency": {"percentile": 99, "below": 2}},
                {"name": "fast", "latency": {"share": 0.95, "below": 0.1}},
                {"name": "reads", "availability": 0.95, "route": "read", "window": window},
                {"name": "p95-windows", "latency": {"percentile": 95, "below": 0.5}, "window": window},
                {"name": "while-dropped", "latency": {"percentile": 99, "below": 1}, "step": "drop"},
                {"name": "burn", "availability": 0.95, "burn_rate": {"at_most": 14.4, "window": window}},
            ],
            "limits": {"lost_writes": 0},
        }

    def write(self, path: Path) -> RunDir:
        """Write the run directory."""
        path.mkdir(parents=True, exist_ok=True)
        run = RunDir(path)
        about = {"version": 1, "id": path.name, "profile": None, "seed": self.seed, "versions": {}}
        about |= {"experiment": self.experiment(), "target": {"name": "made"}, "started": "", "plan": []}
        run.run_file.write_text(json.dumps(about))
        HitsHeader(ROUTES, (ROUTES[WRITE],), (TIMEOUT,) * len(ROUTES)).save(run.hits_header)
        self._write_events(run)
        self._write_instrument(run)
        self._write_samples(run)
        self._write_hits(run)
        return run

    def _write_hits(self, run: RunDir) -> None:
        rng = np.random.default_rng(self.seed)
        states: list[Bytes] = []
        starts = np.arange(0, self.length, CHUNK)
        counts = rng.poisson(RATE * np.minimum(CHUNK, self.length - starts))
        quiet = int(QUIET * RATE / 20)
        header = {"descr": DTYPE.descr, "fortran_order": False, "shape": (quiet + int(counts.sum()),)}
        with run.hits.open("wb") as file:
            np.lib.format.write_array_header_1_0(file, header)
            number = writes = 0
            for rows in self._chunks(rng, starts, counts, quiet):
                rows["n"] = np.arange(number, number + len(rows))
                is_write = rows["route"] == WRITE
                rows["seq"] = np.where(is_write, writes + np.cumsum(is_write), -1)
                number, writes = number + len(rows), writes + int(is_write.sum())
                states.append(_read_back(rows[is_write]))
                file.write(rows.tobytes())
        ledger = np.zeros(writes, dtype=[("seq", "<i8"), ("state", "u1")])
        ledger["seq"], ledger["state"] = np.arange(1, writes + 1), np.concatenate(states)
        np.save(run.readback, ledger)

    def _chunks(
        self, rng: np.random.Generator, starts: Times, counts: Counts, quiet: int
    ) -> Iterator[HitTable]:
        """The baseline, then the play piece by piece, each in order of `due`."""
        yield _rows(rng, BASELINE + QUIET * np.sort(rng.random(quiet)))
        for start, count in zip(starts, counts, strict=True):
            length = min(CHUNK, self.length - start)
            rows = _rows(rng, PLAY + start + length * np.sort(rng.random(count)))
            at = (rows["due"] - PLAY) / self.length
            for begin, share, outcome in OUTAGES:
                struck = (at >= begin) & (at < begin + share) & (rng.random(count) < 0.9)
                rows["outcome"][struck] = outcome
                if outcome is Outcome.TIMEOUT:
                    rows["done"][struck] = rows["due"][struck] + TIMEOUT
            yield rows

    def _write_events(self, run: RunDir) -> None:
        end, third = PLAY + self.length, self.length / 3
        held = {"dose": {"closed": 40.0}, "floor": {"closed": 10.0}, "evidence": {}}
        reading = {"complete": True, "reads": 2, "because": "two complete reads agree"}
        steady = {"steady": True, "because": "", "p99": 0.05, "availability": 1.0}
        writer = Writer(run.events)
        for event in (
            Event(0.0, "run", "run", "begun", {"utc": "", "boot": "", "monotonic": 0.0}),
            Event(BASELINE, "run", "baseline", "begun"),
            Event(BASELINE + QUIET, "run", "baseline", "ended", steady),
            Event(PLAY, "run", "play", "begun", {"length": self.length}),
            Event(PLAY + third, "step", "drop", "injecting", {"fault": "idle_drop", "undo": {}}),
            Event(PLAY + third + 0.1, "step", "drop", "injected", {"evidence": {}}),
            Event(PLAY + 2 * third - 0.1, "step", "drop", "held", held),
            Event(PLAY + 2 * third, "step", "drop", "undone", {"evidence": {}}),
            Event(end, "run", "play", "ended"),
            Event(end + 6, "run", "readback", "ended", reading),
            Event(end + 8, "run", "run", "ended", {"reason": "completed", "because": ""}),
        ):
            writer.event(event)
        writer.close()

    def _write_instrument(self, run: RunDir) -> None:
        lines: list[dict[str, float]] = [{"version": 1}]
        for start in np.arange(BASELINE, PLAY + self.length + TIMEOUT + 1):
            lag = 0.5 if int(start) % DOUBTED == 0 else 0.004
            lines.append({"start": float(start), "end": float(start) + 1, "lag": lag, "run_delay": 0.01})
        run.instrument.write_text("".join(json.dumps(line) + "\n" for line in lines))

    def _write_samples(self, run: RunDir) -> None:
        writer = Writer(run.samples)
        for at in np.arange(BASELINE, PLAY + self.length, 0.25):
            values = _gauges(float(at - PLAY) / self.length)
            writer.samples([Sample(float(at), *key, value) for key, value in values.items()])
        writer.close()


def _rows(rng: np.random.Generator, due: Times) -> HitTable:
    """Good hits of every route."""
    rows: HitTable = np.zeros(len(due), dtype=DTYPE)
    rows["due"] = due
    rows["route"] = np.searchsorted([0.6, 0.9], rng.random(len(due)))
    rows["sent"] = due + rng.exponential(0.0005, len(due))
    rows["done"] = rows["sent"] + np.exp(rng.normal(-4.5, 0.5, len(due)))
    rows["outcome"], rows["status"] = Outcome.GOOD, 200
    return rows


def _read_back(writes: HitTable) -> Bytes:
    """What the target held of each write: all that was good, but for some."""
    good = writes["outcome"] == Outcome.GOOD
    kept: Bytes = (good & (writes["seq"] % LOST != 0)).astype(np.uint8)
    return kept


def _gauges(share: float) -> dict[tuple[str, str], float]:
    out = any(begin <= share < begin + length for begin, length, _ in OUTAGES)
    return {
        ("machine", "cpu"): 0.95 if out else 0.4,
        ("api", "pool_size"): 40.0,
        ("api", "pool_checked_out"): 40.0 if out else 6.0,
        ("api", "pool_busiest"): 1.0 if out else 0.2,
        ("api", "pool_waiters"): 80.0 if out else 0.0,
        ("api", "pool_waits_timed_out"): 0.0,
        ("api", "in_flight"): 300.0 if out else 20.0,
        ("database", "connections"): 60.0,
        ("database", "active"): 50.0 if out else 5.0,
        ("database", "max_connections"): 100.0,
        ("volume:data", "write_bps"): 2e6,
        ("volume:data", "busy"): 0.9 if out else 0.1,
        ("volume:data", "sync_wait"): 0.5 if out else 0.001,
        ("process:api", "cpu"): 0.8,
        ("process:api", "rss"): 2e8,
        ("process:database", "cpu"): 0.5,
        ("process:database", "rss"): 3e8,
    }
