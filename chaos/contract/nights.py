"""Three small stored runs for checks and report formats: one played to its end, one aborted, one never played."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from chaos.record import events, hits
from chaos.record.event import Recorded
from chaos.record.hits import HitsHeader, Outcome
from chaos.record.journal import Sample, Writer
from chaos.record.store import RunDir

RATE, BASELINE, PLAY, LENGTH = 10.0, 5.0, 20.0, 60.0  # hits per second; the rest in seconds of the run clock
TIMEOUT = 5.0
EXPERIMENT: dict[str, Any] = {
    "name": "contract",
    "title": "A night made for the contract",
    "load": {
        "timeout": TIMEOUT,
        "mix": {"read": 4, "write": 1},
        "baseline": {"for": 10, "rate": RATE},
        "phases": [{"name": "all", "for": LENGTH, "rate": RATE}],
    },
    "steps": [{"name": "drop", "fault": "idle_drop", "at": 20, "hold": 5}],
    "slos": [
        {"name": "availability", "availability": "99%"},
        {"name": "p99", "latency": {"percentile": 99, "below": 2}},
    ],
    "limits": {"recovery": 15, "lost_writes": 0, "lost_log_lines": 0},
    "budget": {"rto": 900, "rpo": 300},
}


def write_all(place: Path) -> list[RunDir]:
    """All three, in directories of `place`."""
    return [whole(place / "whole"), aborted(place / "aborted"), empty(place / "empty")]


def whole(path: Path) -> RunDir:
    """Played to its end: one outage of two seconds around its one step."""
    run = _begun(path)
    _hits(run, until=PLAY + LENGTH)
    _write(
        run,
        *_baseline(),
        *_step(),
        events.PlayEnded(PLAY + LENGTH),
        events.ReadbackEnded(PLAY + LENGTH + 8, complete=True, reads=2),
        events.LogsRead(PLAY + LENGTH + 8, complete=True, expected=600),
        events.RunEnded(PLAY + LENGTH + 9, reason="completed"),
    )
    return run


def aborted(path: Path) -> RunDir:
    """Stopped in the middle of its step: most hits were never sent, and nothing was read back."""
    run = _begun(path)
    _hits(run, until=PLAY + 21)
    undone = events.StepUndone(PLAY + 21, "drop")
    _write(run, *_baseline(), *_step()[:2], undone, events.RunEnded(PLAY + 22, reason="aborted"))
    return run


def empty(path: Path) -> RunDir:
    """Refused before anything was played: a manifest and two events."""
    run = _begun(path)
    _write(run, events.RunEnded(1.0, reason="refused"))
    return run


def content(run: RunDir) -> dict[str, bytes]:
    """Every file of the run, by its name."""
    files = sorted(each for each in run.path.rglob("*") if each.is_file())
    return {str(each.relative_to(run.path)): each.read_bytes() for each in files}


def _begun(path: Path) -> RunDir:
    path.mkdir(parents=True)
    run = RunDir(path)
    manifest = {"version": 1, "id": f"contract-{path.name}", "experiment": EXPERIMENT}
    target = {"target": {"name": "contract"}, "profile": "none", "seed": 1}
    run.run_file.write_text(json.dumps({**manifest, **target}))
    return run


def _write(run: RunDir, *happened: Recorded) -> None:
    writer = Writer(run.events)
    for event in (events.RunBegun(0.0, utc="2026-11-01T02:00:00Z", boot="", monotonic=0.0), *happened):
        writer.event(event)
    writer.close()


def _baseline() -> list[Recorded]:
    return [
        events.BaselineBegun(BASELINE),
        events.BaselineEnded(BASELINE + 10, steady=True, availability=1.0, p99=0.02),
        events.PlayBegun(PLAY, length=LENGTH),
    ]


def _step() -> list[Recorded]:
    return [
        events.StepInjecting(PLAY + 20, "drop", fault="idle_drop", undo={}),
        events.StepInjected(PLAY + 20.1, "drop", evidence={}),
        events.StepHeld(PLAY + 21.9, "drop", dose={"closed": 4.0}, floor={"closed": 2.0}, evidence={}),
        events.StepUndone(PLAY + 22, "drop", evidence={}),
    ]


def _hits(run: RunDir, until: float) -> None:
    """Hits, the load generator's own account and samples; what is due after `until` was never sent."""
    play = PLAY + np.arange(0, LENGTH, 1 / RATE)
    due = np.concatenate([BASELINE + np.arange(0, 10, 1 / RATE), play])
    route = (np.arange(len(due)) % 5 == 0).astype(np.uint8)
    seq = np.where(route == 1, np.cumsum(route == 1), -1).astype(np.int64)
    table = hits.create(run.hits, due, route, seq)
    HitsHeader(("read", "write"), ("write",), (TIMEOUT, TIMEOUT)).save(run.hits_header)
    table["sent"], table["done"], table["outcome"] = due, due + 0.01, Outcome.GOOD
    table["outcome"][(due >= PLAY + 20) & (due < PLAY + 22)] = Outcome.BAD_STATUS
    for column, value in (("sent", np.nan), ("done", np.nan), ("outcome", Outcome.UNSENT)):
        table[column][due >= until] = value
    rows = np.zeros(int((seq >= 0).sum()), dtype=[("seq", "<i8"), ("state", "u1")])
    rows["seq"], rows["state"] = seq[seq >= 0], 1
    if until >= PLAY + LENGTH:
        np.save(run.readback, rows)
    seconds = [float(at) for at in np.arange(BASELINE, until)]
    account = [{"start": at, "end": at + 1, "lag": 0.002, "run_delay": 0.001} for at in seconds]
    lines = [json.dumps(line) for line in ({"version": 1}, *account)]
    run.instrument.write_text("".join(f"{line}\n" for line in lines))
    writer = Writer(run.samples)
    for at in seconds:
        writer.samples([Sample(at, "machine", "cpu", 0.2), Sample(at, "database", "connections", 20.0)])
    writer.close()
