"""A run of which only the samples of one gauge per role are planted, and files of rules."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from chaos.record.hits import DTYPE, Outcome
from chaos.record.journal import Journal
from chaos.record.store import RunDir

UTC = "2026-11-27T00:00:00+00:00"


def run(
    place: Path,
    gauges: Mapping[str, Sequence[float]],
    *,
    injected: Mapping[str, float] | None = None,
    bad: tuple[float, float] = (0.0, 0.0),
    slow: tuple[float, float] = (0.0, 0.0),
    more: Sequence[Mapping[str, Any]] = (),
    length: int = 60,
) -> Journal:
    """One sample a second of each `SOURCE/GAUGE`; ten requests a second, which are bad within [bad[0], bad[1]), and
    good after 3 s within `slow`; `more` events."""
    found = RunDir(place / "20261127T000000Z-a1b2c3")
    found.path.mkdir(parents=True)
    steps = injected or {}
    about = {
        "version": 2,
        "id": found.id,
        "experiment": {"name": "night"},
        "target": {"name": "shop"},
        "plan": [{"step": name, "fault": "latency"} for name in steps],
        "started": UTC,
        "host": {"cpus": 2, "memory_bytes": 1000},
    }
    found.run_file.write_text(json.dumps(about))
    events = [
        {"at": 0.0, "source": "run", "name": "run", "phase": "begun", "detail": {"utc": UTC}},
        {"at": 0.0, "source": "run", "name": "play", "phase": "begun", "detail": {"length": length}},
        *(
            {"at": at, "source": "step", "name": name, "phase": "injected", "detail": {}}
            for name, at in steps.items()
        ),
        *more,
        {"at": float(length), "source": "run", "name": "run", "phase": "ended", "detail": {}},
    ]
    found.events.write_text("\n".join(map(json.dumps, [{"version": 2}, *events])) + "\n")
    lines = []
    for at in range(length + 1):
        values: dict[str, dict[str, float]] = {}
        for name, given in gauges.items():
            source, gauge = name.split("/")
            if at < len(given):
                values.setdefault(source, {})[gauge] = given[at]
        lines.append({"at": float(at), "values": values})
    found.samples.write_text("\n".join(map(json.dumps, [{"version": 2}, *lines])) + "\n")
    hits = np.zeros(10 * length, DTYPE)
    hits["due"] = np.arange(10 * length) / 10
    delayed = (hits["due"] >= slow[0]) & (hits["due"] < slow[1])
    hits["done"] = hits["due"] + np.where(delayed, 3.0, 0.01)
    wrong = (hits["due"] >= bad[0]) & (hits["due"] < bad[1])
    hits["outcome"] = np.where(wrong, Outcome.BAD_STATUS, Outcome.GOOD)
    hits["status"] = np.where(wrong, 500, 200)
    np.save(found.hits, hits)
    header = {"version": 1, "routes": ["read"], "writes": [], "timeouts": [5.0], "outcomes": []}
    found.hits_header.write_text(json.dumps(header))
    return Journal(found)


def rules(place: Path, *alerts: Mapping[str, object]) -> Path:
    file = place / "rules.yaml"
    file.write_text(json.dumps({"groups": [{"name": "night", "rules": list(alerts)}]}))
    return file
