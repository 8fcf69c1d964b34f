"""The database's sessions, through one connection of the superuser's that is opened once and kept."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import psycopg

from chaos.sampling.source import Gauges

_QUERY = """
    select count(*), count(*) filter (where state <> 'idle'), count(*) filter (where state = 'idle'),
           current_setting('max_connections')::int
    from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()
"""


class DatabaseSource:
    """Takes one of the slots reserved for superusers, so that it sees a full server too."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._connection: psycopg.Connection[tuple[Any, ...]] | None = None

    def read(self) -> Gauges:
        try:
            if self._connection is None or self._connection.closed:
                self._connection = psycopg.connect(
                    self._dsn,
                    autocommit=True,
                    connect_timeout=2,
                    options="-c statement_timeout=2s",
                    application_name="midnight",
                )
            row = self._connection.execute(_QUERY).fetchone()
        except psycopg.Error:
            self.close()
            return {}
        assert row is not None
        names = ("connections", "active", "idle", "max_connections")
        return {("database", name): float(value) for name, value in zip(names, row, strict=True)}

    def close(self) -> None:
        if self._connection is not None:
            with suppress(psycopg.Error):
                self._connection.close()
            self._connection = None
