"""A session locks a table and keeps it, as a careless migration does: every statement that uses the table waits."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated
from zlib import crc32

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from pydantic import Field

from chaos.plugin import (
    Evidence,
    Fault,
    FaultError,
    Handles,
    Held,
    Model,
    Positive,
    Probe,
    TargetGone,
    Undo,
    UndoError,
    no,
    unknown,
    yes,
)
from chaos.postgres import connect, conninfo_files

POLL = 0.05  # seconds between two looks at who waits

MAY_LOCK = (
    "SELECT to_regclass(%s) IS NOT NULL, has_table_privilege(to_regclass(%s), 'UPDATE, DELETE, TRUNCATE')"
)
WAITING = "SELECT count(*) FROM pg_stat_activity WHERE usename = %s AND %s = ANY (pg_blocking_pids(pid))"
LEFT = "SELECT count(*) FROM pg_stat_activity WHERE application_name = %s"
END = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = %s"


class LockTableParams(Model):
    table: Annotated[str, Field(pattern=r"^[a-z_][a-z0-9_]*$")] = "records"
    min_waited: Positive = 0.2  # the floor: seconds in which the service waited for the lock


class LockTable(Fault):
    Params = LockTableParams
    held_throughout = True
    needs = frozenset({"databases.primary", "databases.primary.api"})

    def __init__(self, params: LockTableParams, handles: Handles, mark: str) -> None:
        database = handles.databases["primary"]
        service = conninfo_to_dict(database.dsns["api"])
        self._params, self._admin, self._ours = params, database.admin_dsn, database.ours
        self._dsn = make_conninfo(self._admin, dbname=str(service["dbname"]))
        self._service, self._us = str(service["user"]), str(conninfo_to_dict(self._admin)["user"])
        # an application_name is cut after 63 bytes, and no other step's may begin like it
        self._session = f"midnight {mark[:40]} {crc32(mark.encode()):08x}"
        self._holder: psycopg.Connection | None = None

    @classmethod
    def reachable(cls, params: LockTableParams, hold: float) -> dict[str, float]:
        del params
        return {"min_waited": hold}

    @classmethod
    def plan_notes(cls, params: LockTableParams) -> list[str]:
        return [f"every client's statements on {params.table} wait until the step is undone"]

    def probes(self) -> Iterator[Probe]:
        table = self._params.table
        with connect(self._dsn) as connection:
            there, may = connection.execute(MAY_LOCK, (table, table)).fetchone() or (False, False)
        if not there:
            yield no(f"table {table} is there", "the service's database has none", "name another (`table`)")
        elif not may:
            yield no(
                f"{table} can be locked", f"{self._us} may not", f"GRANT UPDATE ON {table} TO {self._us};"
            )
        else:
            yield yes(f"{table} can be locked")
        yield unknown("floor: service_waited_seconds", "the load decides how soon the service uses the table")

    def prepare(self) -> Undo:
        dsn = conninfo_files.reference(self._admin)
        return {"dsn": dsn, "session": self._session, "ours": self._ours}

    def inject(self) -> Evidence:
        lock = sql.SQL("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE").format(sql.Identifier(self._params.table))
        with _translated():
            self._holder = connect(make_conninfo(self._dsn, application_name=self._session))
            self._holder.execute("BEGIN")
            # a lock that waits in the queue blocks later statements, too
            self._holder.execute("SET LOCAL lock_timeout = '5s'")
            self._holder.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
            self._holder.execute(lock)
        return {"table": self._params.table, "pid": self._holder.info.backend_pid}

    def hold(self, seconds: float, stop: threading.Event) -> Held:
        assert self._holder is not None, "inject comes first"
        begun = seen = time.monotonic()
        most, waited = 0, 0.0
        with _translated(), connect(self._dsn) as watching:
            while not stop.wait(POLL) and seen < begun + seconds:
                values = (self._service, self._holder.info.backend_pid)
                (waiting,) = watching.execute(WAITING, values).fetchone() or (0,)
                since, seen = seen, time.monotonic()
                most = max(most, waiting)
                waited += seen - since if waiting else 0.0
        return Held(
            dose={"service_waited_seconds": round(waited, 2)},
            floor={"service_waited_seconds": self._params.min_waited},
            evidence={"most_sessions_waiting": most},
            unproven=self._unproven,
        )

    @property
    def _unproven(self) -> str:
        """Why the waiting sessions may not be the service's; empty if they are."""
        if self._service != self._us:
            return ""
        return f"the service and midnight both sign in as {self._us!r}: give midnight a role of its own (admin_dsn)"

    @classmethod
    def touches(cls, undo: Undo) -> frozenset[str]:
        del undo
        return frozenset()  # a lock ends with its session: no file, setting or proxy changes

    @classmethod
    def undo(cls, undo: Undo) -> Evidence:
        session = undo["session"]
        try:
            with connect(conninfo_files.resolve(undo["dsn"])) as connection:
                ended = connection.execute(END, (session,)).fetchall()
                (left,) = connection.execute(LEFT, (session,)).fetchone() or (0,)
        except psycopg.Error as error:
            if undo["ours"] and "refused" in str(error):  # the lock ended with the server
                return {"server": "gone"}
            raise UndoError(f"{error}; by hand: {END.replace('%s', repr(session))};") from error
        if left:
            raise UndoError(f"session {session!r} did not end; by hand: {END.replace('%s', repr(session))};")
        return {"sessions_ended": len(ended)}


@contextmanager
def _translated() -> Iterator[None]:
    """A server that is down is the target's failure; a refused statement is the fault's."""
    try:
        yield
    except psycopg.errors.LockNotAvailable as error:
        raise FaultError(f"lock_table: others held the table for 5 s: {error}") from error
    except psycopg.OperationalError as error:
        raise TargetGone(f"lock_table: {error}") from error
    except psycopg.Error as error:
        raise FaultError(f"lock_table: {error}") from error
