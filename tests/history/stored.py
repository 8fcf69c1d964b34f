"""Stored runs by their `run.json` and `verdict.json` alone: what memory reads of a run."""

from __future__ import annotations

import json
import multiprocessing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from chaos.history.decision import Decision, State, write
from chaos.history.index import remember
from chaos.record.store import RunDir

FIRST = datetime(2026, 9, 1, 0, 0, tzinfo=UTC)

SOUND: dict[str, float | None] = {
    "hits": 2000,
    "good": 2000,
    "availability": 1.0,
    "p50": 0.01,
    "p95": 0.05,
    "p99": 0.1,
    "outages": 0,
    "worst_outage": 0.0,
    "recovery": 0.0,
    "rpo": 0.0,
    "lost_writes": 0,
}


@dataclass(frozen=True)
class Stored:
    """One run; `night` counts days from the first of September 2026."""

    night: int = 0
    experiment: str = "midnight"
    target: str = "embedded"
    profile: str | None = "hardened"
    seed: int = 1
    verdict: str | None = "pass"
    exit_code: int | None = None
    figures: dict[str, float | None] = field(default_factory=dict)
    effects: tuple[str, ...] = ("pass", "pass", "pass", "pass")
    budget: float | None = 0.01
    about: dict[str, Any] = field(default_factory=dict)
    decided: State | None = None

    @property
    def started(self) -> datetime:
        return FIRST + timedelta(days=self.night)

    @property
    def id(self) -> str:
        return f"{self.started:%Y%m%dT%H%M%SZ}-{self.night:06x}"

    def write(self, reports: Path) -> RunDir:
        run = RunDir(reports / self.experiment / self.id)
        run.path.mkdir(parents=True)
        run.run_file.write_text(json.dumps(self.run_document()))
        if self.verdict is not None:
            run.verdict.write_text(json.dumps(self.verdict_document()))
        if self.decided is not None:
            write(run, Decision(self.decided, (self.started + timedelta(hours=1)).isoformat(), "the tests"))
        return run

    def run_document(self) -> dict[str, Any]:
        return {
            "version": 1,
            "id": self.id,
            "experiment": {"name": self.experiment},
            "target": {"name": self.target},
            "profile": self.profile,
            "seed": self.seed,
            "git": f"{self.night:07x}",
            "started": self.started.isoformat(timespec="seconds"),
            **self.about,
        }

    def verdict_document(self) -> dict[str, Any]:
        code = {"pass": 0, "fail": 1, "unknown": 3}[self.verdict or "unknown"]
        effects = [
            _finding("effect", f"step{number}", outcome) for number, outcome in enumerate(self.effects)
        ]
        objective = _finding("availability", "availability", self.verdict or "unknown")
        return {
            "version": 1,
            "run": self.id,
            "experiment": self.experiment,
            "target": self.target,
            "profile": self.profile,
            "seed": self.seed,
            "verdict": self.verdict,
            "exit_code": code if self.exit_code is None else self.exit_code,
            "headline": f"{(self.verdict or '').upper()}: availability as planted",
            "figures": SOUND | self.figures,
            "findings": [objective | {"evidence": {"budget_consumed": self.budget}}, *effects],
            "links": [],
        }


def _finding(check: str, name: str, outcome: str) -> dict[str, Any]:
    return {
        "check": check,
        "name": name,
        "outcome": outcome,
        "measured": 1.0,
        "allowed": 0.99,
        "unit": "ratio",
        "because": f"{name} as planted",
        "evidence": {},
    }


def write_concurrently(reports: Path, nights: int, processes: int = 4) -> None:
    """Store and index so many nights in each of several processes at once. All of them have to succeed."""
    start = multiprocessing.get_context("fork")
    writers = [start.Process(target=_write_some, args=(reports, 100 * n, nights)) for n in range(processes)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(120)
    assert [writer.exitcode for writer in writers] == [0] * processes


def _write_some(reports: Path, first: int, nights: int) -> None:
    for night in range(first, first + nights):
        Stored(night).write(reports)
        assert remember() == []
