"""Faults on a PostgreSQL server: a sound one that holds a lock, and others whose undo leaves something there."""

from __future__ import annotations

import threading
from typing import Any, ClassVar

import psycopg
from psycopg.conninfo import make_conninfo

from chaos.plugin import Evidence, Fault, Handles, Held, Model, Undo
from chaos.postgres import connect

END = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = %s"


class Locking(Fault):
    Params = Model
    needs = frozenset({"databases.primary"})

    def __init__(self, params: Any, handles: Handles, mark: str) -> None:
        del params
        self.dsn, self.name = handles.databases["primary"].admin_dsn, f"midnight {mark}"
        self.sessions: list[psycopg.Connection[Any]] = []

    def prepare(self) -> Undo:
        return {"dsn": self.dsn, "name": self.name}

    def inject(self) -> Evidence:
        self.session(self.name).execute("BEGIN; SELECT pg_advisory_xact_lock(7)")
        return {}

    def session(self, name: str) -> psycopg.Connection[Any]:
        self.sessions.append(connect(make_conninfo(self.dsn, application_name=name)))
        return self.sessions[-1]

    def hold(self, seconds: float, stop: threading.Event) -> Held:
        stop.wait(seconds)
        return Held({"locks": 1.0}, {"locks": 1.0})

    @classmethod
    def touches(cls, undo: Undo) -> frozenset[str]:
        del undo
        return frozenset()

    @classmethod
    def undo(cls, undo: Undo) -> Evidence:
        with connect(undo["dsn"]) as admin:
            return {"ended": len(admin.execute(END, (undo["name"],)).fetchall())}


class LeavingLock(Locking):
    @classmethod
    def undo(cls, undo: Undo) -> Evidence:
        del undo
        return {}


class NamelessLock(LeavingLock):
    """Its session does not bear the mark."""

    def inject(self) -> Evidence:
        self.session("").execute("BEGIN; SELECT pg_advisory_xact_lock(7)")
        return {}


class Unlocking(Locking):
    """Its undo releases the lock, and leaves a session."""

    def inject(self) -> Evidence:
        self.session("another")
        return super().inject()


class OwnLock(Locking):
    """Its undo ends the session only in the process that opened it."""

    opened: ClassVar[list[psycopg.Connection[Any]]] = []

    def session(self, name: str) -> psycopg.Connection[Any]:
        self.opened.append(super().session(name))
        return self.opened[-1]

    @classmethod
    def undo(cls, undo: Undo) -> Evidence:
        del undo
        for session in cls.opened:
            session.close()
        return {}


class Preparing(LeavingLock):
    """Its lock needs no session."""

    def inject(self) -> Evidence:
        with connect(self.dsn) as session:
            session.execute("BEGIN; SELECT pg_advisory_xact_lock(7); PREPARE TRANSACTION 'planted'")
        return {}


class Setting(LeavingLock):
    def inject(self) -> Evidence:
        with connect(self.dsn) as session:
            session.execute("ALTER SYSTEM SET work_mem = '5MB'")
        return {}
