"""The lock is taken, felt by the service, and undone from its JSON alone."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time

import psycopg
import pytest
from midnight_lock_table import WAITING, LockTable, LockTableParams

from chaos.plugin import Database, Evidence, Handles, Undo, registry


def lock_table(handles: Handles, table: str = "stock") -> LockTable:
    return LockTable(LockTableParams(table=table, min_waited=0.2), handles, "run-1/migration")


def undone_elsewhere(undo: Undo) -> Evidence:
    """The evidence of a process that has the JSON and nothing else."""
    code = "import json, sys; from chaos.plugin import registry; undo = json.load(sys.stdin)"
    code += "; print(json.dumps(registry.undo_of('fault:lock_table')(undo)))"
    done = subprocess.run(
        [sys.executable, "-c", code], input=json.dumps(undo), text=True, stdout=-1, check=True
    )
    evidence: Evidence = json.loads(done.stdout)
    return evidence


def count(dsn: str) -> None:
    with psycopg.connect(dsn) as service:
        service.execute("SELECT count(*) FROM stock")


def await_waiting(database: Database, pid: int) -> None:
    """Raises AssertionError if the service does not wait for `pid` within 10 s."""
    end = time.monotonic() + 10
    with psycopg.connect(database.admin_dsn, autocommit=True) as admin:
        while admin.execute(WAITING, ("service", pid)).fetchone() == (0,):
            assert time.monotonic() < end, "the service does not wait for the lock"
            time.sleep(0.02)


def test_the_service_waits_until_another_process_undoes_it(midnight_handles: Handles) -> None:
    fault = lock_table(midnight_handles)
    undo, pid = fault.prepare(), fault.inject()["pid"]
    database = midnight_handles.databases["primary"]
    service = threading.Thread(target=count, args=(database.dsns["api"],))
    service.start()
    await_waiting(database, pid)
    held = fault.hold(0.5, threading.Event())
    assert held.dose["service_waited_seconds"] >= held.floor["service_waited_seconds"]
    assert (held.evidence["most_sessions_waiting"], held.unproven) == (1, "")
    assert undone_elsewhere(undo) == {"sessions_ended": 1}
    service.join(10)
    assert not service.is_alive()


def test_nothing_is_proven_while_the_service_does_not_use_the_table(midnight_handles: Handles) -> None:
    fault = lock_table(midnight_handles)
    undo = fault.prepare()
    fault.inject()
    held = fault.hold(0.2, threading.Event())
    LockTable.undo(undo)
    assert held.dose == {"service_waited_seconds": 0.0}


def test_a_service_that_signs_in_as_midnight_does_proves_nothing(midnight_handles: Handles) -> None:
    admin = midnight_handles.databases["primary"].admin_dsn
    same = Database(admin, {"api": admin}, proxied="", ours=False)
    fault = lock_table(Handles(databases={"primary": same}))
    undo = fault.prepare()
    fault.inject()
    held = fault.hold(0.1, threading.Event())
    LockTable.undo(undo)
    assert "both sign in as" in held.unproven


def test_undo_is_idempotent_and_safe_without_inject(midnight_handles: Handles) -> None:
    undo = lock_table(midnight_handles).prepare()
    assert LockTable.undo(undo) == LockTable.undo(undo) == {"sessions_ended": 0}


@pytest.mark.parametrize(("table", "answers"), [("stock", ["yes", "unknown"]), ("stick", ["no", "unknown"])])
def test_the_probes_know_whether_it_would_work(
    table: str, answers: list[str], midnight_handles: Handles
) -> None:
    assert [probe.answer for probe in lock_table(midnight_handles, table).probes()] == answers


def test_the_entry_point_names_it() -> None:
    assert registry.fault("lock_table") is LockTable
