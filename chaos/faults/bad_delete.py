"""A bad batch job deletes rows, at a known time, in one transaction whose number its log holds."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from typing import Annotated

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from pydantic import Field

from chaos.errors import FaultError, TargetGone
from chaos.plugin.fault import Evidence, Fault, Held, Undo
from chaos.plugin.handles import Handles
from chaos.postgres import connect
from chaos.spec.units import Positive
from chaos.spec.yamlfile import Model

Column = Annotated[str, Field(pattern=r"^[a-z_][a-z0-9_]*$")]


class BadDeleteParams(Model):
    table: Column = "records"
    key: Column = "seq"
    every: Annotated[int, Field(ge=1)] = 3  # every n-th row by its key
    min_deleted: Annotated[int, Field(ge=1)] = 1  # the floor
    archive: Positive = 5.0  # seconds after which a begun segment of WAL is archived


class BadDelete(Fault):
    """For good: nothing but the target's own backups can bring the rows back."""

    Params = BadDeleteParams
    needs = frozenset({"servers.primary", "databases.primary", "databases.primary.api"})

    @classmethod
    def staging(cls, params: BadDeleteParams) -> Mapping[str, float]:
        return {"database.archive": params.archive}

    def __init__(self, params: BadDeleteParams, handles: Handles, mark: str) -> None:
        del mark  # a deleted row bears none
        self._params = params
        database = handles.databases["primary"]
        name = conninfo_to_dict(database.dsns["api"])["dbname"]
        self._dsn = make_conninfo(database.admin_dsn, dbname=str(name))
        self._deleted = 0

    def prepare(self) -> Undo:
        return {"table": self._params.table}

    def inject(self) -> Evidence:
        p = self._params
        delete = sql.SQL("DELETE FROM {} WHERE {} % {} = 0").format(
            sql.Identifier(p.table), sql.Identifier(p.key), sql.Literal(p.every)
        )
        begun = time.monotonic()
        try:
            with connect(self._dsn) as connection, connection.transaction():
                (xid, at), *_ = connection.execute(
                    "SELECT pg_current_xact_id()::text, clock_timestamp()::text"
                ).fetchall()
                self._deleted = connection.execute(delete).rowcount
        except psycopg.OperationalError as error:
            raise TargetGone(f"bad_delete: {error}") from error
        except psycopg.Error as error:
            raise FaultError(f"bad_delete: {error}") from error
        return {
            "instant": {"begun": begun, "ended": time.monotonic()},  # of the monotonic clock
            "xid": xid,
            "at": at,
            "deleted": self._deleted,
        }

    def hold(self, seconds: float, stop: threading.Event) -> Held:
        del seconds, stop  # the job has done it
        return Held(
            dose={"rows_deleted": float(self._deleted)},
            floor={"rows_deleted": float(self._params.min_deleted)},
        )

    @classmethod
    def undo(cls, undo: Undo) -> Evidence:
        """Nothing of ours is left: the rows are the target's to recover, and end with it."""
        return {"table": undo["table"], "rows": "end with the target"}
