"""Writes read back from SQLite files that cannot be read as the target file says."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from chaos.errors import UsageError
from chaos.load import by_sql, databases, readback
from chaos.load.ledger import State
from tests.load.planting import BASE, read, ways, writes

SOUND = "select id from items where id = any(%s)"


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readback, "PAUSE", 0.0)
    monkeypatch.setattr(by_sql, "PAUSE", 0.0)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    with sqlite3.connect(tmp_path / "app 1.db") as made:
        made.execute("create table items (id, note)")
        made.execute("insert into items values (?, 'x')", (BASE + 1,))
    made.close()
    return tmp_path / "app 1.db"


def because(statement: str, file: Path, tmp_path: Path) -> str:
    rule = ways(key="{seq}", read={"sql": statement})
    found = read(rule, writes(rule, tmp_path / "hits.npy", 2), dsn=f"sqlite:///{file}")
    assert (found.complete, len(found.rows)) == (False, 0)
    return found.because


def test_what_sqlite_refuses_is_named_and_no_write_is_called_lost(file: Path, tmp_path: Path) -> None:
    assert "no such table: itemz" in because(SOUND.replace("items", "itemz"), file, tmp_path)
    assert "unable to open database file" in because(SOUND, tmp_path / "none.db", tmp_path)
    assert not (tmp_path / "none.db").exists()
    (tmp_path / "text.db").write_text("not a database, but long enough to be looked at" * 100)
    assert "file is not a database" in because(SOUND, tmp_path / "text.db", tmp_path)


def test_a_locked_file_is_tried_again_and_then_given_up(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(by_sql, "WITHIN", 0.05)
    writer = sqlite3.connect(file, isolation_level=None)
    writer.execute("begin exclusive")
    assert "failed 5 times" in (said := because(SOUND, file, tmp_path)) and "database is locked" in said
    writer.close()


def test_a_statement_can_change_nothing(file: Path) -> None:
    connected = databases.connect(f"sqlite:///{file}", 1.0)
    with pytest.raises(databases.Refusing, match="readonly"):
        connected.rows("delete from items where id = any(%s) returning id", [str(BASE + 1)])
    connected.close()


def test_more_keys_than_one_statement_takes_are_asked_for_in_turn(file: Path, tmp_path: Path) -> None:
    with sqlite3.connect(file) as made:
        made.executemany("insert into items values (?, null)", [(BASE + n,) for n in range(2, 1400)])
    made.close()
    rule = ways(key="{seq}", read={"sql": "select id from items where id in (%s)"})
    found = read(rule, writes(rule, tmp_path / "hits.npy", 1400), dsn=f"sqlite:///{file}")
    assert found.rows["state"].tolist() == [State.PRESENT] * 1399 + [State.MISSING]


@pytest.mark.parametrize("dsn", ["sqlite:////a.db", "mysql://u@127.0.0.1/d"])
def test_a_statement_that_hides_its_keys_is_refused_for_databases_without_lists(dsn: str) -> None:
    databases.check(dsn, "select id from items where id in (%s)", "here")
    with pytest.raises(UsageError, match=r"here: sql: must have its keys as = any\(%s\) or in \(%s\)"):
        databases.check(dsn, "select id from unnest(%s) as id", "here")


@pytest.mark.parametrize(
    ("dsn", "path"),
    [("sqlite:///a.db", "a.db"), ("sqlite:////var/a.db", "/var/a.db"), ("sqlite:a%20b.db", "a b.db")],
)
def test_the_file_of_a_connection_string(dsn: str, path: str) -> None:
    assert databases.sqlite_path(dsn) == Path(path)
