"""Writes read back with SQL from a real PostgreSQL: what was planted is what is reported, and nothing is changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import UUID

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from psycopg.conninfo import make_conninfo

from chaos.load import by_sql, databases, readback
from chaos.load.ledger import State
from chaos.postgres import Cluster
from tests.load.planting import Fates, because, fates, plant, read, ways, writes
from tests.postgres.servers import Servers, dsn

pytestmark = pytest.mark.real

KINDS: dict[str, tuple[str, str, Callable[[str], object]]] = {
    "uuid": ("{uuid}", "uuid", UUID),
    "text": ("m-{uuid}", "text", str),
    "bigint": ("{seq}", "bigint", int),
    "numeric": ("{seq}", "numeric", int),
}


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readback, "PAUSE", 0.0)
    monkeypatch.setattr(by_sql, "PAUSE", 0.0)


@pytest.fixture(scope="module")
def primary(servers: Servers) -> Cluster:
    return servers.primary()[0]


@pytest.fixture
def admin(primary: Cluster) -> Iterator[psycopg.Connection]:
    with psycopg.connect(dsn(primary), autocommit=True) as connection:
        yield connection
        connection.execute("drop table if exists items")


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(planted=fates())
def test_what_was_lost_changed_and_doubled_is_reported_exactly(
    kind: str, planted: Fates, admin: psycopg.Connection, primary: Cluster, tmp_path: Path
) -> None:
    key, column, of_text = KINDS[kind]
    truth = plant(planted, key)
    ours = [(of_text(shown), note) for shown, note in truth.rows if shown not in ("theirs", "others")]
    admin.execute(f"drop table if exists items; create table items (id {column}, note text)".encode())
    with admin.cursor() as cursor:
        cursor.executemany("insert into items values (%s, %s)", ours)
    rule = ways(key=key, read={"sql": "select id, note from items where id = any(%s)"})
    found = read(rule, writes(rule, tmp_path / "hits.npy", len(planted)), dsn=dsn(primary))
    assert (found.complete, found.rows.tolist()) == (True, truth.expected), found.because


def test_a_statement_or_a_sign_in_that_is_refused_says_so_and_no_write_is_called_lost(
    admin: psycopg.Connection, primary: Cluster, tmp_path: Path
) -> None:
    sound = "select id from items where id = any(%s)"
    assert 'relation "items" does not exist' in because(sound, dsn(primary), tmp_path)
    admin.execute("create table items (id int, note text)")
    assert "invalid input syntax for type integer" in because(sound, dsn(primary), tmp_path)
    wrong = make_conninfo(dsn(primary), password="wrong-one")
    told = because(sound, wrong, tmp_path)
    assert (
        "password authentication failed" in told and "failed 5 times" not in told and "wrong-one" not in told
    )


def test_a_statement_changes_nothing_and_ends_in_time(
    admin: psycopg.Connection, primary: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin.execute(
        "create table items (id uuid, note text); create function add(uuid[]) returns uuid language sql"
        " as 'insert into items values (gen_random_uuid()) returning id'"
    )
    said = because("select add(%s)", dsn(primary), tmp_path)
    assert "cannot execute INSERT in a read-only transaction" in said
    admin.execute("drop function add")
    monkeypatch.setattr(by_sql, "WITHIN", 0.1)
    assert "statement timeout" in because("select pg_sleep(30), %s", dsn(primary), tmp_path)


def test_keys_of_any_text_are_bound_as_they_are(
    admin: psycopg.Connection, primary: Cluster, tmp_path: Path
) -> None:
    keys = [
        "a/b",
        'with "quotes"',
        "back\\slash",
        "{brace}",
        "NULL",
        "a,b",
        "ä ü",
        "%s",
        "'; drop table items; --",
    ]
    admin.execute("create table items (id text, note text)")
    with admin.cursor() as cursor:
        cursor.executemany("insert into items values (%s, null)", [(key,) for key in keys])
    rule = ways(
        key="$.id", read={"sql": "select id from items where id in (%s) and note is null and '%%' = '%%'"}
    )
    given = {seq: {"seq": seq, "key": key} for seq, key in enumerate(keys, 1)}
    found = read(rule, writes(rule, tmp_path / "hits.npy", len(keys), given), dsn=dsn(primary))
    assert found.rows.tolist() == [(seq, State.PRESENT) for seq in given], found.because


def test_a_frozen_server_is_given_up(primary: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    connected = databases.connect(dsn(primary), 0.2)
    with psycopg.connect(dsn(primary), autocommit=True) as other:
        other.execute("create table items (id text)")
        with other.transaction():
            other.execute("lock table items")
            monkeypatch.setattr(connected, "_within", 0.3)
            with pytest.raises(databases.Passing):
                connected.rows("select id from items where id = any(%s)", ["a"])
        other.execute("drop table items")
    connected.close()
