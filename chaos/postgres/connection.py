"""Connections to a server: address, timeouts, and statements with a client-side deadline."""

from __future__ import annotations

import select
import time
from typing import Any, TypeAlias

from chaos.errors import TargetError
from chaos.later import conninfo, pq, psycopg
from chaos.spec.units import show_seconds

HOST = "127.0.0.1"
SUPERUSER = "postgres"
CONNECT_TIMEOUT = 5  # seconds, the default of every connection
STATEMENT_TIMEOUT = 30  # seconds, for each of midnight's statements

Connection: TypeAlias = "psycopg.Connection[tuple[Any, ...]]"

_POLL = 0.05
FAILED = {"FATAL_ERROR", "NONFATAL_ERROR", "BAD_RESPONSE"}


class Unanswered(TargetError):
    """A server accepted a statement but did not answer within the deadline: frozen, cut off, or waiting."""


class StatementRefused(TargetError):
    """The server's own refusal; `state` is its SQLSTATE."""

    def __init__(self, state: str, said: str) -> None:
        self.state = state
        super().__init__(said)


def connect(dsn: str, *, patience: float = 5.0) -> Connection:
    """A connection in autocommit mode with a statement timeout of 30 s. While a crowd is connecting, even the slots
    reserved for superusers are briefly taken: wait for that, at most `patience` seconds. Raises
    psycopg.OperationalError.
    """
    deadline = time.monotonic() + patience
    # In addition to the string's own options.
    asked = conninfo.conninfo_to_dict(dsn).get("options") or ""
    limits = f"{asked} -c statement_timeout={STATEMENT_TIMEOUT}s"
    while True:
        try:
            return psycopg.connect(
                dsn,
                autocommit=True,
                connect_timeout=CONNECT_TIMEOUT,
                options=limits,
                client_encoding="UTF8",  # text of a database in SQL_ASCII would be bytes
            )
        except psycopg.OperationalError as error:
            if "clients already" not in str(error) or time.monotonic() >= deadline:
                raise
        time.sleep(_POLL)


def ask(dsn: str, query: str, *values: object) -> tuple[Any, ...]:
    """The only row of the answer. Raises TargetError with the server's message, also if there is no row."""
    rows = ask_all(dsn, query, *values)
    if len(rows) != 1:
        raise TargetError(f"expected one row from {query!r}, got {len(rows)}")
    return rows[0]


def ask_all(dsn: str, query: str, *values: object) -> list[tuple[Any, ...]]:
    """The rows of the answer, on a connection of its own. Raises TargetError with the server's message."""
    try:
        with connect(dsn) as connection:
            return connection.execute(query.encode(), values or None).fetchall()
    except psycopg.Error as error:
        raise TargetError(f"{query}: {str(error).strip()}") from error


def ask_within(dsn: str, query: str, seconds: float) -> list[tuple[str | None, ...]]:
    """The rows of the answer as text; the client gives up after `seconds` on the connection.

    Raises StatementRefused, Unanswered, or psycopg.OperationalError if no connection is made (libpq tries for at
    least 2 s).
    """
    with psycopg.connect(dsn, autocommit=True, connect_timeout=max(2, round(seconds))) as connection:
        return rows_within(connection, query, seconds)


def rows_within(connection: Connection, query: str, seconds: float) -> list[tuple[str | None, ...]]:
    """The rows of the answer as text, on an existing connection; it is closed if no answer comes.

    Raises StatementRefused or Unanswered.
    """
    return table_within(connection, query, seconds)[1]


def table_within(
    connection: Connection, query: str, seconds: float
) -> tuple[tuple[str, ...], list[tuple[str | None, ...]]]:
    """The same with the names of the columns before them. A simple query: pgbouncer's console takes no other."""
    deadline = time.monotonic() + seconds
    server = connection.pgconn
    server.send_query(query.encode())
    names: tuple[str, ...] = ()
    rows: list[tuple[str | None, ...]] = []
    refusal: StatementRefused | None = None
    # To the last result, even after a refusal: unread results would block the next statement.
    while (result := next_result(server, deadline, seconds)) is not None:
        if pq.ExecStatus(result.status).name in FAILED:
            state = result.error_field(pq.DiagnosticField.SQLSTATE) or b""
            refusal = refusal or StatementRefused(state.decode(), result.get_error_message().strip())
        names = names or tuple((result.fname(column) or b"").decode() for column in range(result.nfields))
        for row in range(result.ntuples):
            values = (result.get_value(row, column) for column in range(result.nfields))
            rows.append(tuple(None if value is None else value.decode() for value in values))
    if refusal is not None:
        raise refusal
    return names, rows


def run_within(dsn: str, statements: str, seconds: float) -> None:
    """Run `statements`, each ended by a semicolon, with a client-side deadline of `seconds` in total.

    The server's own timeouts do not end a synchronous wait, and a frozen server enforces none. Cancelling would make
    such a wait report success, so nothing is cancelled and the connection is dropped. Raises as `ask_within` does.
    """
    ask_within(dsn, statements, seconds)


def next_result(server: pq.abc.PGconn, deadline: float, seconds: float) -> pq.abc.PGresult | None:
    """The next result of the statement that was sent; None after the last. Raises Unanswered."""
    waiting = select.poll()
    waiting.register(server.socket, select.POLLIN)
    while server.is_busy():
        left = deadline - time.monotonic()
        if left <= 0 or not waiting.poll(left * 1000):
            server.finish()
            raise Unanswered(f"the server did not answer within {show_seconds(seconds)}")
        server.consume_input()
    return server.get_result()
