"""Writes read back with SQL from a real MariaDB or MySQL, where one is installed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from chaos.load import by_sql, readback
from tests.load.planting import Fates, because, fates, plant, read, ways, writes
from tests.stores import as_root, mysql_server

pytestmark = pytest.mark.real

KINDS = {
    "int": ("{seq}", "bigint", "id"),
    "text": ("{uuid}", "varchar(60)", "id"),
    "any case": ("m-{seq}", "varchar(60) collate utf8mb4_general_ci", "id"),
    "bytes": ("m-{uuid}", "varbinary(60)", "id"),
}


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readback, "PAUSE", 0.0)
    monkeypatch.setattr(by_sql, "PAUSE", 0.0)


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with mysql_server() as found:
        yield found


@pytest.fixture
def admin(port: int) -> Iterator[Any]:
    with as_root(port) as connection, connection.cursor() as cursor:
        cursor.execute("create database app")
        cursor.execute("use app")
        cursor.execute("create user 'ro'@'localhost' identified by 'p@ss w/rd'")
        cursor.execute("grant select, insert on app.* to 'ro'@'localhost'")
        yield cursor
        cursor.execute("drop database app")
        cursor.execute("drop user 'ro'@'localhost'")


def dsn(port: int, password: str = "p%40ss%20w%2Frd", scheme: str = "mysql+pymysql") -> str:
    return f"{scheme}://ro:{password}@127.0.0.1:{port}/app"


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(planted=fates())
def test_what_was_lost_changed_and_doubled_is_reported_exactly(
    kind: str, planted: Fates, admin: Any, port: int, tmp_path: Path
) -> None:
    key, column, shown = KINDS[kind]
    truth = plant(planted, key)
    admin.execute("drop table if exists items")
    admin.execute(f"create table items (id {column}, note text)")
    ours = [(each, note) for each, note in truth.rows if each not in ("theirs", "others") or kind != "int"]
    admin.executemany("insert into items values (%s, %s)", ours)
    rule = ways(key=key, read={"sql": f"select {shown}, note from items where id = any(%s)"})
    found = read(rule, writes(rule, tmp_path / "hits.npy", len(planted)), dsn=dsn(port, scheme="mariadb"))
    assert (found.complete, found.rows.tolist()) == (True, truth.expected), found.because


def test_what_it_refuses_is_named_nothing_is_changed_and_no_write_is_called_lost(
    admin: Any, port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sound = "select id from items where id in (%s)"
    assert "Table 'app.items' doesn't exist" in because(sound, dsn(port), tmp_path)
    told = because(sound, dsn(port, "wrong-one"), tmp_path)
    assert "Access denied for user" in told and "wrong-one" not in told
    admin.execute("create table items (id varchar(60), note text)")
    admin.execute(
        "create function added(id varchar(60)) returns int modifies sql data"
        " begin insert into items values (id, 'x'); return 1; end"
    )
    admin.execute("grant execute on app.* to 'ro'@'localhost'")
    said = because("select added('a') from dual where 'a' not in (%s)", dsn(port), tmp_path)
    assert "READ ONLY transaction" in said
    monkeypatch.setattr(by_sql, "WITHIN", 1.0)
    monkeypatch.setattr(by_sql, "TRIES", 1)
    assert "failed 1 times" in because(
        "select sleep(30) from dual where 'a' not in (%s)", dsn(port), tmp_path
    )
