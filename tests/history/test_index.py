"""The index of runs follows the journals, whatever happens to either."""

from __future__ import annotations

import json
import shutil
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from chaos.errors import UsageError
from chaos.history.index import Index, open_index, remember
from chaos.history.query import Query
from chaos.history.schema import FILE, NAME, database_url
from tests.history.stored import Stored, write_concurrently


@pytest.fixture
def reports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "reports"
    path.mkdir()
    monkeypatch.setenv("MIDNIGHT_REPORTS", str(path))
    monkeypatch.delenv("MIDNIGHT_DATABASE", raising=False)
    return path


def quiet(note: str) -> None:
    raise AssertionError(f"said: {note}")


def ids(query: Query = Query()) -> list[str]:  # noqa: B008  frozen
    index = open_index(quiet)
    try:
        return [entry.run for entry in index.find(query)]
    finally:
        index.close()


def test_an_index_entry_holds_what_the_files_of_a_run_say(reports: Path) -> None:
    figures: dict[str, float | None] = {
        "availability": 0.995,
        "worst_outage": 12.5,
        "recovery": 3.0,
        "rpo": 1.5,
    }
    stored = Stored(3, verdict="fail", figures=figures, budget=0.4, effects=("pass", "unknown"))
    run = stored.write(reports)
    (entry,) = open_index(quiet).find(Query())
    assert (entry.run, entry.path, entry.started) == (stored.id, run.path, "2026-09-04T00:00:00+00:00")
    assert (entry.experiment, entry.target, entry.profile) == ("midnight", "embedded", "hardened")
    assert (entry.seed, entry.git, entry.verdict, entry.exit_code) == (1, "0000003", "fail", 1)
    assert entry.headline.startswith("FAIL")
    assert entry.figures["availability"] == 0.995
    assert (entry.figures["rto"], entry.figures["recovery"], entry.figures["rpo"]) == (12.5, 3.0, 1.5)
    assert (entry.figures["budget"], entry.figures["p99"], entry.figures["lost_writes"]) == (0.4, 0.1, 0)
    assert (entry.links_exercised, entry.links, entry.partial) == (1, 2, True)


def test_a_percentile_on_a_hit_that_was_not_good_is_infinite_and_no_gap(reports: Path) -> None:
    Stored(0, figures={"p99": None}).write(reports)
    Stored(1, figures={"hits": None, "p99": None}).write(reports)
    slow, blind = open_index(quiet).find(Query())
    assert slow.figures["p99"] == float("inf")
    assert blind.figures["p99"] is None


@pytest.mark.parametrize(
    ("name", "about", "expected"),
    [
        ("dr-drill", {}, True),
        ("dr-failover", {}, True),
        ("midnight", {}, False),
        ("drive", {}, False),
        ("midnight", {"drill": True}, True),
        ("dr-drill", {"drill": False}, False),
    ],
)
def test_a_drill_is_what_its_run_says_or_else_what_its_name_says(
    reports: Path, name: str, about: dict[str, bool], expected: bool
) -> None:
    Stored(0, experiment=name, about=about).write(reports)
    assert [entry.drill for entry in open_index(quiet).find(Query())] == [expected]


def test_a_run_that_is_new_and_one_that_was_deleted_are_noticed(reports: Path) -> None:
    first, second = Stored(1).write(reports), Stored(2).write(reports)
    assert ids() == [first.id, second.id]
    third = Stored(3, experiment="smoke").write(reports)
    shutil.rmtree(first.path)
    assert ids() == [second.id, third.id]


def test_a_run_without_a_verdict_is_read_again_when_it_has_one(reports: Path) -> None:
    run = Stored(1, verdict=None).write(reports)
    assert [entry.verdict for entry in open_index(quiet).find(Query())] == [None]
    run.verdict.write_text(json.dumps(Stored(1).verdict_document()))
    assert [entry.verdict for entry in open_index(quiet).find(Query())] == ["pass"]


def test_an_index_in_step_opens_no_file_of_any_run(reports: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for night in range(30):
        Stored(night).write(reports)
    open_index(quiet).close()

    def forbidden(path: Path) -> dict[str, object]:
        raise AssertionError(f"{path} was opened")

    monkeypatch.setattr("chaos.history.entry.read_json", forbidden)
    assert len(ids(Query(experiment="midnight"))) == 30
    Stored(31).write(reports)
    with pytest.raises(AssertionError, match="was opened"):
        ids()


def test_a_directory_that_is_not_a_run_is_skipped_and_a_torn_run_is_reported(reports: Path) -> None:
    run, torn = Stored(1).write(reports), Stored(2).write(reports)
    torn.run_file.write_text("{")
    (reports / "midnight/just-being-made").mkdir()
    (reports / "sample").mkdir()
    said: list[str] = []
    assert [entry.run for entry in open_index(said.append).find(Query())] == [run.id]
    assert len(said) == 1
    assert str(torn.run_file) in said[0]
    assert remember() == []


@pytest.mark.parametrize(
    "about",
    [
        {"profile": {"a": 1}},
        {"target": {"name": ["x"]}},
        {"git": 7},
        {"seed": "x"},
        {"experiment": {"name": "\ud800"}},
        {"started": "2026-13-01"},
    ],
)
def test_an_odd_run_is_reported_and_hides_no_other(reports: Path, about: dict[str, object]) -> None:
    run = Stored(1).write(reports)
    Stored(2, about=about).write(reports)
    said: list[str] = []
    assert [entry.run for entry in open_index(said.append).find(Query())] == [run.id]
    assert len(said) == 1


@pytest.mark.parametrize(
    "odd",
    [{"exit_code": 10**30}, {"verdict": ["a"]}, {"headline": None}, {"figures": {"p99": 10**400, "hits": 1}}],
)
def test_an_odd_verdict_is_reported_and_hides_no_other_run(reports: Path, odd: dict[str, object]) -> None:
    run, other = Stored(1).write(reports), Stored(2).write(reports)
    other.verdict.write_text(json.dumps(Stored(2).verdict_document() | odd))
    said: list[str] = []
    assert [entry.run for entry in open_index(said.append).find(Query())] == [run.id]
    assert len(said) == 1


def test_a_seed_of_any_size_is_kept(reports: Path) -> None:
    Stored(1, seed=10**23).write(reports)
    assert [entry.seed for entry in open_index(quiet).find(Query())] == [10**23]


def test_a_corrupt_index_is_reported_and_rebuilt(reports: Path) -> None:
    run = Stored(1).write(reports)
    assert ids() == [run.id]
    (reports / FILE).write_bytes(b"this is no database" * 100)
    said: list[str] = []
    assert [entry.run for entry in open_index(said.append).find(Query())] == [run.id]
    assert len(said) == 1
    assert "corrupt" in said[0]
    assert ids() == [run.id]


def test_a_run_ends_with_a_broken_index_reported_and_repaired(reports: Path) -> None:
    Stored(1).write(reports)
    (reports / FILE).write_bytes(b"this is no database" * 100)
    assert "corrupt" in "".join(remember())
    assert remember() == []
    assert len(ids()) == 1


def test_an_index_failure_at_the_end_of_a_run_is_only_reported(
    reports: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Stored(1).write(reports)
    monkeypatch.setattr("chaos.history.index.read_entry", lambda _: 1 / 0)
    assert "could not update the index of runs (division by zero)" in "".join(remember())
    monkeypatch.setenv("MIDNIGHT_DATABASE", "postgresql://127.0.0.1:1/none")
    assert "could not update the index of runs" in "".join(remember())


def test_the_journals_are_read_if_the_index_cannot_be_kept(reports: Path) -> None:
    run = Stored(1).write(reports)
    (reports / FILE).mkdir()  # root may write everywhere, but not a file where a directory is
    said: list[str] = []
    assert [entry.run for entry in open_index(said.append).find(Query())] == [run.id]
    assert "cannot write the index of runs" in said[0]


def test_a_reports_directory_that_does_not_exist_is_empty_and_is_not_created(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MIDNIGHT_REPORTS", str(tmp_path / "none"))
    assert ids() == []
    assert not (tmp_path / "none").exists()


def test_rebuilding_forgets_what_the_index_had_wrong(reports: Path) -> None:
    run = Stored(1).write(reports)
    assert ids() == [run.id]
    with sqlite3.connect(reports / FILE) as connection:
        connection.execute(f"UPDATE {NAME} SET verdict = 'fail', experiment = 'other'")
    index = open_index(quiet)
    assert index.find(Query(verdict="pass")) == []
    assert index.rebuild().read == 1
    assert [entry.experiment for entry in index.find(Query(verdict="pass"))] == ["midnight"]


def test_a_moved_reports_directory_keeps_its_index(
    reports: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = Stored(1).write(reports)
    open_index(quiet).close()
    moved = reports.rename(tmp_path / "moved")
    monkeypatch.setenv("MIDNIGHT_REPORTS", str(moved))
    (entry,) = open_index(quiet).find(Query())
    assert entry.path == moved / "midnight" / run.id


def test_a_shared_database_keeps_the_runs_of_a_reports_directory_that_has_gone(
    reports: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MIDNIGHT_DATABASE", f"sqlite:///{tmp_path}/shared.sqlite")
    there = Stored(1).write(reports)
    assert ids() == [there.id]
    other = tmp_path / "other"
    other.mkdir()
    monkeypatch.setenv("MIDNIGHT_REPORTS", str(other))
    here = Stored(2).write(other)
    shutil.rmtree(reports)
    index = open_index(quiet)
    assert [(entry.run, index.is_here(entry)) for entry in index.find(Query())] == [
        (there.id, False),
        (here.id, True),
    ]


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("mysql://h/d", "must be postgresql"),
        ("nonsense", "must be a URL"),
        ("sqlite://", "must be postgresql"),
        ("postgresql://u:secret@127.0.0.1:1/d", "127.0.0.1"),
    ],
)
def test_a_database_that_cannot_be_used_is_refused_without_its_password(
    reports: Path, monkeypatch: pytest.MonkeyPatch, url: str, message: str
) -> None:
    monkeypatch.setenv("MIDNIGHT_DATABASE", url)
    with pytest.raises(UsageError, match=message) as caught:
        open_index(quiet)
    assert "secret" not in str(caught.value)
    assert reports.is_dir()


def test_several_processes_write_concurrently_and_no_run_is_missing(reports: Path) -> None:
    write_concurrently(reports, 8)
    connection = sqlite3.connect(reports / FILE)
    assert connection.execute(f"SELECT count(*) FROM {NAME}").fetchone() == (32,)


def test_a_run_indexed_twice_appears_once(reports: Path) -> None:
    Stored(1).write(reports)
    first, second = (Index(database_url(reports), reports) for _ in range(2))
    assert (first.refresh().read, second.refresh().read) == (1, 0)
    second.rebuild()
    assert first.count(replace(Query(), experiment="midnight")) == 1
