"""The batch job's work on the database: the sync of rows, and the heavy queries."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import psycopg
from psycopg import Connection

from . import usage
from .settings import Config

T = TypeVar("T")

HEAVY_ROWS = 1_000_000
RECONNECT_SECONDS = 0.5

CHUNK = "SELECT id, payload FROM sync_source WHERE id >= %s ORDER BY id LIMIT %s"
UPSERT = """
INSERT INTO sync_target (id, payload, digest, synced_at)
SELECT id, payload, digest, now()
FROM unnest(%s::bigint[], %s::text[], %s::text[]) AS given(id, payload, digest)
ON CONFLICT (id) DO UPDATE
SET payload = excluded.payload, digest = excluded.digest, synced_at = excluded.synced_at
"""
HEAVY = """
SELECT max(place) FROM (
    SELECT row_number() OVER (ORDER BY md5(source.id::text || copy::text)) AS place
    FROM sync_source AS source CROSS JOIN generate_series(1, %s) AS copy) AS ranked
"""


class BatchDatabase:
    """One connection of the batch, opened on demand; not to be shared between threads.

    Its work is idempotent, so after a lost or refused connection it reconnects and repeats the current piece, until
    the deadline: a nightly job that gives up at the first lost connection would never finish.
    """

    def __init__(self, config: Config, deadline: float) -> None:
        """`deadline` is an instant of time.monotonic()."""
        self._config = config
        self._deadline = deadline
        self._connection: Connection | None = None

    def sync(self, first: int, rows: int) -> int:
        """Copy up to `rows` rows from number `first` on, in one transaction; return the number of rows copied."""
        return self._persistently(lambda connection: _sync(connection, first, rows))

    def heavy(self) -> None:
        """Sort about a million rows once."""
        copies = max(1, HEAVY_ROWS // self._config.documents)
        self._persistently(lambda connection: connection.execute(HEAVY, (copies,)).fetchone())

    def count_usage(self) -> None:
        """Add one to the usage total."""
        usage.count(self._transact, self._config.profile.usage.update, "job")

    def _transact(self, work: Callable[[usage.Execute], T]) -> T:
        return self._persistently(lambda connection: work(_execute(connection)))

    def close(self) -> None:
        """Close the connection, if one is open."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _persistently(self, work: Callable[[Connection], T]) -> T:
        while True:
            try:
                connection = self._connected()
                with connection.transaction():
                    return work(connection)
            except psycopg.OperationalError as error:
                self.close()
                # A statement that the server cancelled would be cancelled again.
                if isinstance(error, psycopg.errors.QueryCanceled) or time.monotonic() > self._deadline:
                    raise
            time.sleep(RECONNECT_SECONDS)

    def _connected(self) -> Connection:
        if self._connection is None:
            address, role = self._config.database, self._config.database.roles.batch
            self._connection = psycopg.connect(
                host=address.host,
                port=address.port,
                dbname=address.dbname,
                user=role.user,
                password=role.password,
                application_name="reference-batch",
                # Otherwise a query would run to completion after its client is killed.
                options="-c client_connection_check_interval=500ms",
                autocommit=True,
            )
        return self._connection


def _execute(connection: Connection) -> usage.Execute:
    def execute(statement: str, values: Mapping[str, Any]) -> Any:
        found = connection.execute(statement, values)
        row = found.fetchone() if found.description else None
        return row[0] if row else None

    return execute


def _sync(connection: Connection, first: int, rows: int) -> int:
    chunk = connection.execute(CHUNK, (first, rows)).fetchall()
    digests = [hashlib.sha256(payload.encode()).hexdigest() for _, payload in chunk]
    numbers, payloads = [row[0] for row in chunk], [row[1] for row in chunk]
    connection.execute(UPSERT, (numbers, payloads, digests))
    return len(chunk)
