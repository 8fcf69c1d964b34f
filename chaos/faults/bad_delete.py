"""A bad batch job deletes rows, at a known time, in one transaction whose number its log holds."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from typing import Annotated

from pydantic import Field

from chaos.errors import FaultError, TargetGone
from chaos.later import conninfo, psycopg, sql
from chaos.plugin.fault import Evidence, Fault, Held, Undo
from chaos.plugin.handles import Handles
from chaos.plugin.probe import Probe, no, unknown, yes
from chaos.postgres import connect
from chaos.spec.units import Positive
from chaos.spec.yamlfile import Model

Column = Annotated[str, Field(pattern=r"^[a-z_][a-z0-9_]*$")]


_REMEDIES: Mapping[str, str] = {
    "UndefinedTable": "name a table of the API's database (`table`)",
    "UndefinedColumn": "name a column of it (`key`)",
    "UndefinedFunction": "name a column of integers (`key`)",
}


class BadDeleteParams(Model):
    table: Column = "records"
    key: Column = "seq"
    every: Annotated[int, Field(ge=1)] = 3  # every n-th row by its key
    min_deleted: Annotated[int, Field(ge=1)] = 1  # the floor
    archive: Positive = 5.0  # seconds after which a begun segment of WAL is archived


class BadDelete(Fault):
    """Permanent: only the target's own backups can bring the rows back."""

    Params = BadDeleteParams
    needs = frozenset({"servers.primary", "databases.primary", "databases.primary.api"})

    @classmethod
    def staging(cls, params: BadDeleteParams) -> Mapping[str, float]:
        return {"database.archive": params.archive}

    def __init__(self, params: BadDeleteParams, handles: Handles, mark: str) -> None:
        del mark  # a deleted row has none
        self._params = params
        database = handles.databases["primary"]
        name = conninfo.conninfo_to_dict(database.dsns["api"])["dbname"]
        self._dsn = conninfo.make_conninfo(database.admin_dsn, dbname=str(name))
        self._deleted = 0

    def probes(self) -> Iterator[Probe]:
        p = self._params
        what = f"rows of {p.table} can be deleted by {p.key}"
        meant = sql.SQL(
            "SELECT count(*), has_table_privilege({}, 'DELETE'), current_user FROM {} WHERE {} % {} = 0"
        )
        query = meant.format(sql.Literal(p.table), sql.Identifier(p.table), *self._every)
        try:
            with connect(self._dsn) as connection:
                count, may, user = connection.execute(query).fetchone() or (0, False, "")
        except psycopg.Error as error:
            remedy = _REMEDIES.get(type(error).__name__, "")
            yield no(what, str(error).strip().partition("\n")[0], remedy)
            return
        if not may:
            yield no(what, f"{user!r} may not", f'GRANT DELETE ON {p.table} TO "{user}";')
            return
        yield yes(what)
        enough = yes if count >= p.min_deleted else unknown
        yield enough("floor: rows_deleted", f"{count} now, {p.min_deleted} required")

    @property
    def _every(self) -> tuple[sql.Identifier, sql.Literal]:
        return sql.Identifier(self._params.key), sql.Literal(self._params.every)

    def prepare(self) -> Undo:
        return {"table": self._params.table}

    def inject(self) -> Evidence:
        table = sql.Identifier(self._params.table)
        delete = sql.SQL("DELETE FROM {} WHERE {} % {} = 0").format(table, *self._every)
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
        """Nothing to undo: recovering the rows is the target's job, and they end with it."""
        return {"table": undo["table"], "rows": "end with the target"}
