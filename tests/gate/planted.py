"""Runs as a gate sees them, made to measure."""

from __future__ import annotations

from typing import Any

from chaos.gate.baseline import Baseline
from chaos.gate.case import Case
from chaos.gate.tolerance import tolerances
from chaos.gate.verdict import GateRun, GateVerdict, RunVerdict, judge, judge_run
from tests.history.stored import Stored


def played(exit_code: int | None = None, errors: tuple[str, ...] = (), **changed: Any) -> GateRun:
    stored = Stored(**changed)
    verdict = stored.verdict_document() if stored.verdict is not None else None
    code = exit_code if exit_code is not None else (verdict or {"exit_code": 5})["exit_code"]
    return GateRun(
        stored.experiment, stored.target, stored.profile, code, verdict, errors, stored.id, seconds=120.5
    )


def judged(run: GateRun, baseline: Baseline | None = None, *, allow_partial: bool = False) -> RunVerdict:
    return judge_run(run, baseline, tolerances(()), allow_partial=allow_partial)


def gate(*runs: RunVerdict, drill: Case | None = None) -> GateVerdict:
    started = "2026-11-23T23:00:00+00:00"
    return judge(runs, drill, target="embedded", profile="hardened", seed=1, started=started)
