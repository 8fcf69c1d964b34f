"""Writes a plausible run directory without playing anything: what the reports are developed against.

`write_run(path, pain=1.0)` is a fragile night, `pain=0.0` one that felt nothing.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from chaos.record import hits
from chaos.record.hits import HitsHeader, HitTable, Outcome
from chaos.record.journal import Event, Sample, Writer
from chaos.record.store import RunDir
from chaos.spec.experiment import Experiment

BASELINE, PLAY, LENGTH = 14.0, 26.0, 120.0
ROUTES = ("read", "write", "answer")
MIB = 1024.0 * 1024.0

EXPERIMENT: dict[str, Any] = {
    "name": "midnight",
    "title": "Midnight: rotation, batch, idle drop, reconnect storm",
    "load": {
        "timeout": "5s",
        "mix": {"read": 6, "write": 3, "answer": 1},
        "baseline": {"for": "10s", "rate": 20},
        "phases": [
            {"name": "warm", "for": "20s", "rate": 40},
            {"name": "night", "for": "30s", "rate": 1},
            {"name": "wake", "for": "35s", "rate": 60},
            {"name": "recovery", "for": "35s", "rate": 40},
        ],
    },
    "steps": [
        {"name": "logrotate", "fault": "logrotate", "at": "50s", "hold": "26s", "optional": True,
         "with": {"size": "500MB", "writers": 16}},
        {"name": "batch", "fault": "batch_job", "at": "54s", "hold": "24s", "with": {"burners": 6}},
        {"name": "idle_drop", "fault": "idle_drop", "at": "60s", "hold": "300ms"},
        {"name": "storm", "fault": "reconnect_storm", "after": "idle_drop", "hold": "6s",
         "with": {"crowd": 150}},
    ],
    "slos": [
        {"name": "availability", "availability": "99%"},
        {"name": "p99", "latency": {"percentile": 99, "below": "2s"}},
        {"name": "pool", "pool": {"in_use": "80%"}},
    ],
    "limits": {"recovery": "30s", "lost_writes": 0},
}  # fmt: skip

PLAN = [("logrotate", 50.0, 26.0), ("batch", 54.0, 24.0), ("idle_drop", 60.0, 0.3), ("storm", 60.4, 6.0)]


def write_run(path: Path, *, pain: float = 1.0, seed: int = 7, disk: bool = True, title: str = "") -> RunDir:
    """A whole run directory under `path`. `disk=False`: the rotation stays under its floor."""
    path.mkdir(parents=True, exist_ok=True)
    run = RunDir(path)
    rng = np.random.default_rng(seed)
    _write_about(run, seed, "fragile" if pain else "hardened", title)
    _write_events(run, pain, disk)
    table = _write_hits(run, rng, pain)
    _write_samples(run, rng, pain, disk)
    _write_readback(run, table, lost=3 if pain else 0)
    lines = [{"start": float(t), "end": t + 1.0, "lag": 0.004, "run_delay": 0.01} for t in range(12, 147)]
    run.instrument.write_text("\n".join(map(json.dumps, [{"version": 1}, *lines])) + "\n")
    return run


def _write_about(run: RunDir, seed: int, profile: str, title: str) -> None:
    document = EXPERIMENT | ({"title": title} if title else {})
    experiment = Experiment.model_validate(document)
    steps = experiment.steps
    about = {
        "version": 1,
        "id": run.id,
        "experiment": experiment.model_dump(mode="json", by_alias=True),
        "experiment_file": "experiments/midnight.yaml",
        "target": {"name": "reference", "driver": "embedded", "routes": {r: {"path": "/"} for r in ROUTES}},
        "profile": profile,
        "profile_settings": {"pool": {"size": 30, "max_overflow": 10, "pre_ping": False}, "workers": 2},
        "seed": seed,
        "command": f"midnight run midnight --target reference --profile {profile} --seed {seed}",
        "versions": {"midnight": "0.1.0", "PostgreSQL": "18.1 (wheel)", "Toxiproxy": "2.12.0 (PATH)"},
        "git": "25ee7c0",
        "plan": [
            {"step": s.name, "fault": s.fault, "at": s.at, "after": s.after, "hold": s.hold,
             "optional": s.optional, "params": s.params}
            for s in steps
        ],
        "started": "2026-11-23T23:59:00+00:00",
        "host": {"cpus": 2, "memory_bytes": 24 * 1024**3, "kernel": "6.1"},
    }  # fmt: skip
    run.run_file.write_text(json.dumps(about))


def _write_events(run: RunDir, pain: float, disk: bool) -> None:
    events = [
        Event(0.0, "run", "run", "begun", {"utc": "2026-11-23T23:59:00+00:00", "boot": "b"}),
        Event(0.2, "target", "postgres", "creating", {"undo": {"kind": "cluster"}}),
        Event(12.0, "target", "reference", "ready", {"handles": "api, database, proxy"}),
        Event(BASELINE, "run", "baseline", "begun"),
        Event(BASELINE + 10, "run", "baseline", "ended",
              {"steady": True, "because": "100 % good, p99 78 ms", "p99": 0.078, "availability": 1.0}),
        Event(PLAY, "run", "play", "begun", {"length": LENGTH}),
        Event(PLAY + LENGTH, "run", "play", "ended"),
        Event(PLAY + LENGTH + 6, "run", "readback", "ended",
              {"complete": True, "reads": 2, "because": "two complete reads agree"}),
        Event(PLAY + LENGTH + 7, "run", "logs", "read",
              {"writers": 2, "lines": 3950, "expected": 3962, "lost": 12 if pain else 0, "doubled": 0,
               "dropped": 0, "complete": True, "because": "every writer's last number was found"}),
        Event(PLAY + LENGTH + 8, "run", "run", "ended", {"reason": "completed", "because": ""}),
    ]  # fmt: skip
    for name, at, hold in PLAN:
        events += _step_events(name, PLAY + at, hold, disk)
    writer = Writer(run.events)
    for event in sorted(events, key=lambda event: event.at):
        writer.event(event)
    writer.close()


def _step_events(name: str, at: float, hold: float, disk: bool) -> list[Event]:
    dose, floor = {
        "logrotate": ({"bytes_written": 5.2e8 if disk else 4e6, "fsync_time": 18.4 if disk else 0.2},
                      {"bytes_written": 1e8, "fsync_time": 2.0}),
        "batch": ({"cpu_seconds": 34.0, "rows": 1.5e6}, {"cpu_seconds": 10.0, "rows": 1e5}),
        "idle_drop": ({"connections_closed": 58.0}, {"connections_closed": 10.0}),
        "storm": ({"connections_attempted": 150.0}, {"connections_attempted": 100.0}),
    }[name]  # fmt: skip
    because = {"storm": {"refused_53300": 54, "peak_connections": 97}}.get(name, {"exit_code": 0})
    return [
        Event(at, "step", name, "injecting", {"fault": name, "undo": {"mark": f"run/{name}"}}),
        Event(at + 0.05, "step", name, "injected", {"evidence": {"pid": 4711}}),
        Event(at + hold, "step", name, "held", {"dose": dose, "floor": floor, "evidence": because}),
        Event(at + hold + 0.1, "step", name, "undone", {"evidence": {"verified": "nothing bears the mark"}}),
    ]


def _schedule(rng: np.random.Generator) -> npt.NDArray[np.float64]:
    spans = [(BASELINE, 10.0, 20.0)]
    start = PLAY
    for phase in EXPERIMENT["load"]["phases"]:
        length = float(phase["for"].removesuffix("s"))
        spans.append((start, length, float(phase["rate"])))
        start += length
    parts = [at + rng.uniform(0, length, int(length * rate)) for at, length, rate in spans]
    return np.sort(np.concatenate(parts))


def _hurt(at: npt.NDArray[np.float64], pain: float) -> npt.NDArray[np.float64]:
    """How badly the target does at these seconds of the play, from 0 to 1."""
    rising = np.clip((at - 51) / 9, 0, 1) * np.clip((82 - at) / 6, 0, 1)
    out = ((at >= 60) & (at < 79)).astype(float) * 0.5
    return pain * np.clip(0.6 * rising + out, 0, 1)


def _write_hits(run: RunDir, rng: np.random.Generator, pain: float) -> HitTable:
    due = _schedule(rng)
    route = rng.choice(3, len(due), p=[0.6, 0.3, 0.1]).astype(np.uint8)
    seq = np.where(route == 1, np.cumsum(route == 1), -1).astype(np.int64)
    table = hits.create(run.hits, due, route, seq)
    HitsHeader(ROUTES, ("write",), (5.0, 5.0, 5.0)).save(run.hits_header)
    hurt = _hurt(due - PLAY, pain)
    latency = np.exp(rng.normal(-4.7, 0.4, len(due))) + np.where(route == 2, 0.06, 0.0)
    latency *= 1 + hurt**2 * rng.exponential(400, len(due))
    table["sent"] = due + rng.exponential(0.001, len(due))
    outcome = np.where(latency > 5.0, Outcome.TIMEOUT, Outcome.GOOD)
    struck = rng.uniform(size=len(due)) < np.where(hurt > 0.6, hurt * 0.9, 0)
    kinds = rng.choice([Outcome.BAD_STATUS, Outcome.REFUSED, Outcome.TIMEOUT], len(due), p=[0.6, 0.1, 0.3])
    outcome = np.where(struck, kinds, outcome)
    outcome = np.where((np.abs(due - PLAY - 60.1) < 0.2) & (pain > 0), Outcome.RESET, outcome)
    table["done"] = due + np.where(outcome == Outcome.TIMEOUT, 5.0, np.minimum(latency, 4.9))
    table["status"] = np.where(outcome == Outcome.GOOD, 200, np.where(outcome == Outcome.BAD_STATUS, 503, 0))
    table["outcome"] = outcome
    return table


def _write_readback(run: RunDir, table: HitTable, lost: int) -> None:
    writes = table[table["seq"] >= 0]
    rows = np.zeros(len(writes), dtype=[("seq", "<i8"), ("state", "u1")])
    rows["seq"], rows["state"] = writes["seq"], writes["outcome"] == Outcome.GOOD
    acknowledged = np.flatnonzero((writes["outcome"] == Outcome.GOOD) & (writes["due"] < PLAY + 60))
    rows["state"][acknowledged[-lost:] if lost else []] = 0
    np.save(run.readback, rows)


def _write_samples(run: RunDir, rng: np.random.Generator, pain: float, disk: bool) -> None:
    writer = Writer(run.samples)
    for at in np.arange(BASELINE - 1, PLAY + LENGTH, 0.25):
        second = float(at) - PLAY
        hurt = float(_hurt(np.array([second]), pain)[0])
        rotating = (51 <= second < 76) and disk
        noise = float(rng.uniform(0.9, 1.1))
        gauges = _gauges(second, hurt, rotating, noise)
        batch = [Sample(float(at), s, g, v) for s, values in gauges.items() for g, v in values.items()]
        writer.samples(batch)
    writer.close()


def _gauges(second: float, hurt: float, rotating: bool, noise: float) -> dict[str, dict[str, float]]:
    night = 20 <= second < 50
    batch = 54 <= second < 78
    used = 1.0 if night else min(40.0, 4 * noise + 60 * hurt)
    storm = 60.4 <= second < 66.4
    return {
        "machine": {"cpu": min(1.0, (0.08 if night else 0.3) * noise + 0.6 * batch + 0.2 * hurt),
                    "memory_available": 18e9, "cpu_pressure": 0.5 * batch, "io_pressure": 0.6 * rotating},
        "volume:data": {"write_bps": (30 * MIB if rotating else 0.8 * MIB) * noise,
                        "busy": min(1.0, 0.97 * noise) if rotating else 0.04 * noise,
                        "sync_wait": (0.9 if rotating else 0.001) * noise},
        "volume:logs": {"write_bps": 0.2 * MIB * noise, "busy": 0.02, "sync_wait": 0.001},
        "api": {"pool_size": 40, "pool_checked_out": used, "pool_waiters": max(0.0, 320 * (hurt - 0.5)),
                "pool_waits_timed_out": 0, "in_flight": 2 + 350 * hurt, "retries": 0, "log_lines": 0},
        "database": {"connections": min(97.0, 60 + 50 * storm), "active": min(96.0, 3 + 90 * hurt),
                     "idle": 50, "max_connections": 100},
        "process:batch": {"cpu": 1.3 * batch, "rss": 2e8, "fds": 10, "threads": 6},
        "process:api": {"cpu": 0.3 * noise, "rss": 2e8, "fds": 90, "threads": 6},
        "process:database": {"cpu": 0.2 * noise, "rss": 3e8, "fds": 90, "threads": 1},
    }  # fmt: skip
