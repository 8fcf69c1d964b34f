"""What is held after the play is compared with what was held before it: a warning names what did not come back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from chaos.checks.finding import Finding, Outcome
from chaos.checks.leaks import returned
from chaos.checks.leaks.returned import AFTER, BEFORE
from chaos.record.events import QuietPoint
from tests.checks.synthetic import LENGTH, PLAY, Night

FEW = {"descriptors:file": 10, "descriptors:socket": 20, "threads": 5}


def point(
    name: str, at: float, counts: Mapping[str, float], shared: Mapping[str, float] | None = None
) -> QuietPoint:
    worker = {"role": "api", "pid": 9, "parent": 1, "created": 1.0, "counts": dict(counts), "memory": {}}
    return QuietPoint(at, name, seconds=1.0, processes=(worker,), shared=dict(shared or {}))


def found(path: Path, *points: QuietPoint) -> Finding | None:
    every = Night(steps=[each.event() for each in points]).findings(path, returned.check)
    return every.get("resources")


def test_what_came_back_passes(tmp_path: Path) -> None:
    after = point(AFTER, PLAY + LENGTH + 1, FEW | {"threads": 6})
    finding = found(tmp_path, point(BEFORE, PLAY - 1, FEW), after)
    assert finding is not None and finding.outcome is Outcome.PASS


def test_files_and_threads_that_did_not_come_back_are_a_warning_with_their_numbers(tmp_path: Path) -> None:
    after = point(AFTER, PLAY + LENGTH + 1, {"descriptors:file": 90, "descriptors:socket": 20, "threads": 25})
    finding = found(tmp_path, point(BEFORE, PLAY - 1, FEW), after)
    assert finding is not None and finding.outcome is Outcome.WARNING
    assert finding.because.startswith("80 more open files, 20 more threads still held 1 s after the play")


def test_the_sockets_of_a_pool_that_has_grown_are_no_warning(tmp_path: Path) -> None:
    before = point(BEFORE, PLAY - 1, FEW, {"sessions:idle": 4})
    grown = FEW | {"descriptors:socket": 60}
    pool = point(AFTER, PLAY + LENGTH + 1, grown, {"sessions:idle": 44})
    finding = found(tmp_path / "pool", before, pool)
    assert finding is not None and finding.outcome is Outcome.PASS
    other = found(tmp_path / "other", before, replace(pool, shared={"sessions:idle": 4}))
    assert other is not None and other.outcome is Outcome.WARNING


def test_a_session_left_in_its_transaction_is_a_warning(tmp_path: Path) -> None:
    after = point(AFTER, PLAY + LENGTH + 1, FEW, {"sessions:idle in transaction": 3})
    finding = found(tmp_path, point(BEFORE, PLAY - 1, FEW), after)
    assert finding is not None and finding.outcome is Outcome.WARNING
    assert "3 more database sessions (idle in transaction)" in finding.because


def test_other_processes_cannot_be_compared_and_without_points_nothing_is_said(tmp_path: Path) -> None:
    before = point(BEFORE, PLAY - 1, FEW)
    after = point(AFTER, PLAY + LENGTH + 1, FEW)
    restarted = replace(after, processes=({**after.processes[0], "created": 9.0},))
    finding = found(tmp_path / "restarted", before, restarted)
    assert finding is not None and finding.outcome is Outcome.NOT_EXERCISED
    assert found(tmp_path / "none") is None and found(tmp_path / "one", before) is None
