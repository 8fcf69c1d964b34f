"""Runs are found by every filter, and among many without looking at all of them."""

from __future__ import annotations

import json
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from chaos.errors import UsageError
from chaos.history.index import open_index
from chaos.history.query import Query, instant
from chaos.history.schema import NAME, database_url, engine
from tests.history.stored import Stored
from tests.typed import refusal, typed

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)

RUNS = [
    Stored(1, seed=11),
    Stored(2, profile="fragile", verdict="fail", seed=12),
    Stored(3, experiment="smoke", target="staging", profile=None, seed=13),
    Stored(4, verdict="unknown", seed=14),
    Stored(5, verdict=None, seed=15),
]


@pytest.fixture(autouse=True)
def reports(own_place: Path) -> Path:
    for stored in RUNS:
        stored.write(own_place / "reports")
    return own_place / "reports"


@pytest.mark.parametrize(
    ("query", "seeds"),
    [
        (Query(), [11, 12, 13, 14, 15]),
        (Query(experiment="midnight"), [11, 12, 14, 15]),
        (Query(target="staging"), [13]),
        (Query(profile="fragile"), [12]),
        (Query(verdict="pass"), [11, 13]),
        (Query(verdict="fail"), [12]),
        (Query(verdict="none"), [15]),
        (Query(git="0000004"), [14]),
        (Query(git="%"), []),
        (Query(since="2026-09-03T00:00:00+00:00"), [12, 13, 14, 15]),
        (Query(until="2026-09-03T00:00:00+00:00"), [11]),
        (Query(limit=2), [14, 15]),
        (Query(verdict="pass", experiment="smoke"), [13]),
    ],
)
def test_each_filter_finds_its_runs_oldest_first(query: Query, seeds: list[int]) -> None:
    index = open_index(pytest.fail)
    assert [entry.seed for entry in index.find(query)] == seeds
    if not query.limit:
        assert index.count(query) == len(seeds)


def as_text(query: Query) -> str:
    dialect = sa.dialects.sqlite.dialect()
    return str(query.select().compile(dialect=dialect, compile_kwargs={"literal_binds": True}))


@pytest.mark.parametrize(
    ("query", "along"),
    [
        (Query(limit=50), "by_time"),
        (Query(since="2026-09-03", limit=50), "by_time"),
        (Query(experiment="midnight", limit=50), "by_experiment"),
        (Query(experiment="midnight", target="embedded", profile="hardened", limit=50), "by_experiment"),
        (Query(verdict="pass", limit=50), "by_verdict"),
    ],
)
def test_the_newest_runs_are_read_from_an_index_in_order_without_looking_at_the_rest(
    reports: Path, query: Query, along: str
) -> None:
    open_index(pytest.fail).close()
    with engine(database_url(reports)).connect() as connection:
        plan = [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {as_text(query)}")]
    assert len(plan) == 1  # a second step would sort
    assert f"USING INDEX {NAME}_{along}" in plan[0]


def steps(reports: Path, text: str) -> int:
    """How many steps SQLite's machine takes for a query."""
    taken = 0

    def count() -> None:
        nonlocal taken
        taken += 1

    connection = sqlite3.connect(reports / "index.sqlite")
    connection.set_progress_handler(count, 1)
    connection.execute(text).fetchall()
    connection.close()
    return taken


def test_ten_times_as_many_runs_cost_a_look_not_a_tenth_more(reports: Path) -> None:
    text = as_text(Query(experiment="midnight", profile="hardened", limit=20))
    found = []
    for first, last in ((10, 60), (60, 600)):
        for night in range(first, last):
            Stored(night).write(reports)
        open_index(pytest.fail).close()
        found.append(steps(reports, text))
    assert found[1] < found[0] * 1.1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-01", "2026-11-01T00:00:00+00:00"),
        ("2026-11-01T02:30+01:00", "2026-11-01T01:30:00+00:00"),
        ("2026-11-01T02:30Z", "2026-11-01T02:30:00+00:00"),
        ("7d", "2026-11-16T12:00:00+00:00"),
        ("1h30m", "2026-11-23T10:30:00+00:00"),
        ("today", "2026-11-23T00:00:00+00:00"),
        ("yesterday", "2026-11-22T00:00:00+00:00"),
    ],
)
def test_an_instant_is_a_date_or_a_time_ago(text: str, expected: str) -> None:
    assert instant(text, NOW) == expected


def test_an_until_date_includes_its_whole_day() -> None:
    assert instant("2026-11-01", NOW, end_of_day=True) == "2026-11-02T00:00:00+00:00"
    assert instant("2026-11-01T02:00", NOW, end_of_day=True) == "2026-11-01T02:00:00+00:00"


@pytest.mark.parametrize("text", ["", "last tuesday", "7", "2026-13-01", "999999999d"])
def test_a_text_that_is_not_an_instant_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        instant(text, NOW)


def test_a_figure_that_few_experiments_have_is_a_column_only_where_a_run_has_it(
    reports: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "lost updates" not in typed(capsys, "runs").out
    Stored(6, experiment="race", figures={"lost_updates": 172.0}).write(reports)
    lines = typed(capsys, "runs").out.splitlines()
    assert "lost updates" in lines[0] and lines[-1].split()[-1] == "172"
    assert "lost updates" not in typed(capsys, "runs", "--experiment", "midnight").out


def test_the_command_lists_them_newest_last(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = typed(capsys, "runs", "--experiment", "midnight")
    lines = out.splitlines()
    assert code == 0
    assert [stored.id in line for stored, line in zip((RUNS[0], RUNS[4]), (lines[1], lines[-1]), strict=True)]
    assert len(lines) == 5


def test_a_narrow_terminal_hides_nothing(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    _, out, _ = typed(capsys, "runs", "--verdict", "fail")
    assert out.splitlines()[1].split()[1:6] == ["midnight", "embedded", "fragile", "12", "fail"]


def test_the_command_gives_a_machine_every_figure(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = typed(capsys, "runs", "--json", "--limit", "1")
    (document,) = json.loads(out)
    assert code == 0
    assert (document["run"], document["verdict"], document["seed"]) == (RUNS[4].id, "none", 15)
    assert "the newest 1 of 5 runs" in err


def test_rebuild_reads_every_journal(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = typed(capsys, "runs", "--rebuild")
    assert (code, "5 runs read" in err) == (0, True)


def test_a_verdict_that_is_none_of_the_words_is_usage(capsys: pytest.CaptureFixture[str]) -> None:
    refusal(capsys, "runs", "--verdict", "green")
