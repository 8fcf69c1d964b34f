"""Connections to a server: where it listens, how long we wait, and a statement with a deadline of our own."""

from __future__ import annotations

import select
import time
from typing import Any, TypeAlias

import psycopg
from psycopg import pq

from chaos.errors import TargetError

HOST = "127.0.0.1"
SUPERUSER = "postgres"
CONNECT_TIMEOUT = 5  # seconds, of every connection that is not told otherwise
STATEMENT_TIMEOUT = 30  # seconds, of every statement of ours

Connection: TypeAlias = psycopg.Connection[tuple[Any, ...]]

_POLL = 0.05
_FAILED = {pq.ExecStatus.FATAL_ERROR, pq.ExecStatus.NONFATAL_ERROR, pq.ExecStatus.BAD_RESPONSE}


class Unanswered(TargetError):
    """A server took a statement and did not answer within our deadline: frozen, cut off, or waiting."""


class StatementRefused(TargetError):
    """The server's own refusal; `state` is its SQLSTATE."""

    def __init__(self, state: str, said: str) -> None:
        self.state = state
        super().__init__(said)


def connect(dsn: str, *, patience: float = 5.0) -> Connection:
    """A connection in autocommit, whose statements end after 30 s. While a crowd is connecting, even the
    slots reserved for superusers are taken for a moment: that is waited out, at most `patience` seconds.
    Raises psycopg.OperationalError."""
    deadline = time.monotonic() + patience
    limits = f"-c statement_timeout={STATEMENT_TIMEOUT}s"
    while True:
        try:
            return psycopg.connect(dsn, autocommit=True, connect_timeout=CONNECT_TIMEOUT, options=limits)
        except psycopg.OperationalError as error:
            if "clients already" not in str(error) or time.monotonic() >= deadline:
                raise
        time.sleep(_POLL)


def ask(dsn: str, query: str, *values: object) -> tuple[Any, ...]:
    """The only row of the answer. Raises TargetError with the server's words, also where there is none."""
    rows = ask_all(dsn, query, *values)
    if len(rows) != 1:
        raise TargetError(f"one row was expected of {query!r}, got {len(rows)}")
    return rows[0]


def ask_all(dsn: str, query: str, *values: object) -> list[tuple[Any, ...]]:
    """The rows of the answer, on a connection of its own. Raises TargetError with the server's words."""
    try:
        with connect(dsn) as connection:
            return connection.execute(query.encode(), values or None).fetchall()
    except psycopg.Error as error:
        raise TargetError(f"{query}: {str(error).strip()}") from error


def run_within(dsn: str, statements: str, seconds: float) -> None:
    """Run `statements`, each ended by a semicolon, and give up by ourselves after `seconds` in all.

    The server's own timeouts do not end a synchronous wait, and a frozen server keeps none. Cancelling
    would have such a wait answer with success: so nothing is cancelled, the connection is dropped.
    Raises StatementRefused, Unanswered, or psycopg.OperationalError where no connection is made (which
    libpq tries for 2 s at least).
    """
    deadline = time.monotonic() + seconds
    with psycopg.connect(dsn, autocommit=True, connect_timeout=max(2, round(seconds))) as connection:
        server = connection.pgconn
        server.send_query(statements.encode())
        while (result := _next_result(server, deadline, seconds)) is not None:
            if result.status in _FAILED:
                state = result.error_field(pq.DiagnosticField.SQLSTATE) or b""
                raise StatementRefused(state.decode(), result.get_error_message().strip())


def _next_result(server: pq.abc.PGconn, deadline: float, seconds: float) -> pq.abc.PGresult | None:
    waiting = select.poll()
    waiting.register(server.socket, select.POLLIN)
    while server.is_busy():
        left = deadline - time.monotonic()
        if left <= 0 or not waiting.poll(left * 1000):
            server.finish()
            raise Unanswered(f"the server did not answer within {seconds:g} s")
        server.consume_input()
    return server.get_result()
