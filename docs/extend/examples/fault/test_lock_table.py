"""Needs a PostgreSQL, 14 or newer, of your own: LOCK_TABLE_DSN is a superuser's connection string."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator

import psycopg
import pytest
from midnight_lock_table import WAITING, LockTable, LockTableParams
from psycopg.conninfo import make_conninfo

from chaos.plugin import Database, Evidence, Handles, Undo, registry

ADMIN = os.environ.get("LOCK_TABLE_DSN", "")
SERVICE = make_conninfo(ADMIN, user="shop", password="shop")
pytestmark = pytest.mark.skipif(not ADMIN, reason="LOCK_TABLE_DSN is not set")


@pytest.fixture(autouse=True)
def stock() -> Iterator[None]:
    """A table, and the role of a service that uses it."""
    with psycopg.connect(ADMIN, autocommit=True) as admin:
        admin.execute("CREATE ROLE shop LOGIN PASSWORD 'shop'")
        admin.execute("CREATE TABLE stock (n int)")
        admin.execute("GRANT ALL ON stock TO shop")
        yield
        admin.execute("DROP TABLE stock")
        admin.execute("DROP ROLE shop")


def lock_table(service: str = SERVICE, table: str = "stock") -> LockTable:
    handles = Handles(databases={"primary": Database(ADMIN, {"api": service}, proxied="", ours=False)})
    return LockTable(LockTableParams(table=table, min_waited=0.2), handles, "run-1/migration")


def undone_elsewhere(undo: Undo) -> Evidence:
    """What a process that has nothing but the JSON makes of it."""
    code = "import json, sys; from chaos.plugin import registry; undo = json.load(sys.stdin)"
    code += "; print(json.dumps(registry.undo_of('fault:lock_table')(undo)))"
    done = subprocess.run(
        [sys.executable, "-c", code], input=json.dumps(undo), text=True, stdout=-1, check=True
    )
    evidence: Evidence = json.loads(done.stdout)
    return evidence


def count() -> None:
    with psycopg.connect(SERVICE) as shop:
        shop.execute("SELECT count(*) FROM stock")


def await_waiting(pid: int) -> None:
    with psycopg.connect(ADMIN, autocommit=True) as admin:
        while admin.execute(WAITING, ("shop", pid)).fetchone() == (0,):
            pass


def test_the_service_waits_until_another_process_undoes_it() -> None:
    fault = lock_table()
    undo, pid = fault.prepare(), fault.inject()["pid"]
    service = threading.Thread(target=count)
    service.start()
    await_waiting(pid)
    held = fault.hold(0.5, threading.Event())
    assert held.dose["service_waited_seconds"] >= held.floor["service_waited_seconds"]
    assert (held.evidence["most_sessions_waiting"], held.unproven) == (1, "")
    assert undone_elsewhere(undo) == {"sessions_ended": 1}
    service.join(10)
    assert not service.is_alive()


def test_nothing_is_proven_while_nobody_wants_the_table() -> None:
    fault = lock_table()
    undo = fault.prepare()
    fault.inject()
    held = fault.hold(0.2, threading.Event())
    LockTable.undo(undo)
    assert held.dose == {"service_waited_seconds": 0.0}


def test_a_service_that_signs_in_as_midnight_does_proves_nothing() -> None:
    fault = lock_table(service=ADMIN)
    undo = fault.prepare()
    fault.inject()
    held = fault.hold(0.1, threading.Event())
    LockTable.undo(undo)
    assert "both sign in as" in held.unproven


def test_it_is_undone_twice_and_without_having_been_injected() -> None:
    undo = lock_table().prepare()
    assert LockTable.undo(undo) == LockTable.undo(undo) == {"sessions_ended": 0}


@pytest.mark.parametrize(("table", "answers"), [("stock", ["yes", "unknown"]), ("stick", ["no", "unknown"])])
def test_it_is_known_before_whether_it_would_work(table: str, answers: list[str]) -> None:
    assert [probe.answer for probe in lock_table(table=table).probes()] == answers


def test_it_is_found_by_its_name() -> None:
    assert registry.fault("lock_table") is LockTable
