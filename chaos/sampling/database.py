"""The database's sessions, through one superuser connection that is opened once and kept."""

from __future__ import annotations

from contextlib import suppress

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from chaos.errors import TargetError
from chaos.plugin.handles import Database as Handle
from chaos.postgres.connection import Connection, rows_within
from chaos.record.gauges import Database, Source
from chaos.sampling.source import Gauges

_QUERY = """
    select count(*), count(*) filter (where state <> 'idle'), count(*) filter (where state = 'idle'),
           current_setting('max_connections')::int{service}
    from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()
"""
_SERVICE = """,
           count(*) filter (where usename = {role}),
           count(*) filter (where usename = {role} and state <> 'idle'),
           (select case when rolconnlimit >= 0 then rolconnlimit
                   else current_setting('max_connections')::int
                        - current_setting('superuser_reserved_connections')::int end
            from pg_roles where rolname = {role})"""
SERVICE = "api"
"""The role under `dsns` by which the service itself signs in."""

_DEADLINE = 2.0  # seconds, on the client side: a frozen server does not enforce its own


class Asking:
    """One connection, opened on demand, dropped if it does not answer."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._connection: Connection | None = None

    def row(self, query: str) -> tuple[str | None, ...] | None:
        """The first row of the answer as text; None if there is no row or no answer."""
        try:
            if self._connection is None or self._connection.closed:
                self._connection = psycopg.connect(
                    self._dsn,
                    autocommit=True,
                    connect_timeout=2,
                    options="-c statement_timeout=2s",
                    application_name="midnight",
                )
            return next(iter(rows_within(self._connection, query, _DEADLINE)), None)
        except (psycopg.Error, TargetError):
            self.close()
            return None

    def close(self) -> None:
        if self._connection is not None:
            with suppress(psycopg.Error):
                self._connection.close()
            self._connection = None


def role_of(database: Handle) -> str:
    """The PostgreSQL role of the service; empty if it is not known."""
    dsn = database.dsns.get(SERVICE, "")
    return str(conninfo_to_dict(dsn).get("user") or "") if dsn else ""


class DatabaseSource:
    """Takes a slot reserved for superusers, so that it works on a full server too."""

    def __init__(self, dsn: str, role: str = "") -> None:
        """`role`: of the service, whose sessions are its pool as seen from here; empty: not known."""
        self._asking = Asking(dsn)
        service = sql.SQL(_SERVICE).format(role=sql.Literal(role)) if role else sql.SQL("")
        self._query = sql.SQL(_QUERY).format(service=service).as_string()
        self._gauges = list(Database)[: None if role else 4]

    def read(self) -> Gauges:
        row = self._asking.row(self._query)
        if row is None:
            return {}
        return {
            (Source.DATABASE, gauge): float(value or 0)
            for gauge, value in zip(self._gauges, row, strict=True)
        }

    def close(self) -> None:
        self._asking.close()
