"""Retention deletes what is old, and never what is still needed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from chaos.history.decision import State
from chaos.history.entry import Entry, read_entry
from chaos.history.index import open_index
from chaos.history.query import Query
from chaos.history.retention import Retention
from chaos.record import store
from chaos.undo.locks import hold_lock
from tests.history.stored import FIRST, Stored
from tests.typed import typed

DAY = 86400.0


@pytest.fixture
def reports(own_place: Path) -> Path:
    return own_place / "reports"


def nights(found: Sequence[Entry]) -> list[int]:
    return [int(entry.run.rpartition("-")[2], 16) for entry in found]


def too_old(retention: Retention, runs: Sequence[Stored], place: Path, *, at: int) -> list[int]:
    """The nights that would be deleted on night `at`."""
    entries = [read_entry(stored.write(place)) for stored in runs]
    return nights(retention.too_old(entries, FIRST + timedelta(days=at)))


def test_retention_by_count_keeps_the_newest_of_each_group(tmp_path: Path) -> None:
    runs = [Stored(night, profile=("fragile", "hardened")[night % 2]) for night in range(8)]
    assert too_old(Retention(keep=2, age=None), runs, tmp_path, at=8) == [0, 1, 2, 3]


def test_retention_by_age_keeps_the_young(tmp_path: Path) -> None:
    runs = [Stored(night) for night in range(8)]
    assert too_old(Retention(keep=None, age=3 * DAY), runs, tmp_path, at=8) == [0, 1, 2, 3, 4, 5]


def test_with_both_rules_a_run_stays_that_either_keeps(tmp_path: Path) -> None:
    runs = [Stored(night) for night in range(8)]
    assert too_old(Retention(keep=4, age=2 * DAY), runs, tmp_path, at=8) == [0, 1, 2, 3]
    assert too_old(Retention(keep=1, age=6 * DAY), runs, tmp_path / "b", at=8) == [0, 1, 2]


def test_the_last_failed_and_the_last_passing_run_of_each_group_stay(tmp_path: Path) -> None:
    verdicts = ["fail", "pass", "fail", "pass", "unknown", "unknown"]
    runs = [Stored(night, verdict=verdict) for night, verdict in enumerate(verdicts)]
    assert too_old(Retention(keep=1, age=None), runs, tmp_path, at=500) == [0, 1, 4]
    others = [Stored(night, target="other", verdict="fail") for night in range(20, 23)]
    assert too_old(Retention(keep=None, age=DAY), others, tmp_path / "b", at=500) == [20, 21]


def test_the_last_run_that_counts_as_a_baseline_stays(tmp_path: Path) -> None:
    decided: list[State | None] = ["passed", "released", "refused", None]
    runs = [Stored(night, decided=state) for night, state in enumerate(decided)]
    assert too_old(Retention(keep=1, age=None), runs, tmp_path, at=500) == [0, 2]


def test_drills_stay_until_their_own_age(tmp_path: Path) -> None:
    runs = [Stored(night, experiment="dr-drill") for night in range(5)]
    assert too_old(Retention(keep=1, age=None), runs, tmp_path, at=399) == []
    assert too_old(Retention(keep=1, age=None), runs, tmp_path / "b", at=402) == [0, 1, 2]
    assert too_old(Retention(keep=1, age=None, drills=30 * DAY), runs, tmp_path / "c", at=33) == [0, 1, 2, 3]


def prune(capsys: pytest.CaptureFixture[str], *options: str) -> tuple[int, str]:
    done = typed(capsys, "prune", *options)
    return done.code, done.printed


def test_the_command_deletes_says_what_and_the_index_forgets_it(
    reports: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    runs = [Stored(night).write(reports) for night in range(4)]
    (runs[0].path / "hits.npy").write_bytes(b"x" * 2_000_000)
    code, said = prune(capsys, "--keep", "2", "--dry-run")
    assert (code, "2 of 4 runs would be deleted, 2.0 MB" in said) == (0, True)
    assert all(run.path.exists() for run in runs)
    code, said = prune(capsys, "--keep", "2")
    assert (code, "2 of 4 runs deleted, 2.0 MB" in said) == (0, True)
    assert [run.path.exists() for run in runs] == [False, False, True, True]
    assert [entry.run for entry in open_index(pytest.fail).find(Query())] == [runs[2].id, runs[3].id]


def test_a_run_that_is_played_and_one_not_healed_are_left(
    reports: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    runs = [Stored(night).write(reports) for night in range(4)]
    store.mark_unhealed(runs[1])
    with hold_lock(runs[0]):
        for options in (["--dry-run"], []):
            _, said = prune(capsys, "--keep", "1", *options)
            assert f"{runs[0].id}: kept: in progress" in said
            assert f"{runs[1].id}: kept: not healed" in said
    assert [run.path.exists() for run in runs] == [True, True, False, True]


def test_runs_of_another_reports_directory_are_left_alone(
    reports: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MIDNIGHT_DATABASE", f"sqlite:///{tmp_path}/shared.sqlite")
    there = [Stored(night).write(tmp_path / "elsewhere") for night in range(3)]
    monkeypatch.setenv("MIDNIGHT_REPORTS", str(tmp_path / "elsewhere"))
    open_index(pytest.fail).close()
    monkeypatch.setenv("MIDNIGHT_REPORTS", str(reports))
    Stored(9).write(reports)
    _, said = prune(capsys, "--keep", "1")
    assert "0 of 1 runs deleted" in said
    assert all(run.path.exists() for run in there)


def test_the_help_says_what_is_kept_and_that_drills_age(
    reports: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    del reports
    said = " ".join(prune(capsys, "--help")[1].split())
    assert "runs not healed. Drills are kept until they are older than --drills-older-than." in said
    assert "as are drills" not in said


def test_leftovers_of_a_killed_deletion_are_no_run_and_go_with_the_next(
    reports: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = Stored(1).write(reports)
    left = Stored(0).write(reports).path
    grave = reports / ".pruned/midnight" / left.name
    grave.parent.mkdir(parents=True)
    left.rename(grave)
    assert [entry.run for entry in open_index(pytest.fail).find(Query())] == [run.id]
    assert store.all_runs() == [run]
    prune(capsys, "--keep", "1")
    assert not grave.exists()
    assert store.all_runs() == [run]


@pytest.mark.parametrize(
    "options",
    [
        [],
        ["--keep", "0"],
        ["--older-than", "soon"],
        ["--older-than", "0d"],
        ["--older-than", "90"],
        ["--keep", "-1"],
    ],
)
def test_without_a_rule_that_makes_sense_nothing_is_deleted(
    reports: Path, capsys: pytest.CaptureFixture[str], options: list[str]
) -> None:
    run = Stored(0).write(reports)
    assert prune(capsys, *options)[0] == 2
    assert run.path.exists()
