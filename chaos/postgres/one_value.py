"""One value, read by a statement of a file's author: it can change nothing, and the client gives up in time."""

from __future__ import annotations

import time
from decimal import Decimal

import psycopg
from psycopg import pq
from psycopg.conninfo import conninfo_to_dict

from chaos.errors import TargetError
from chaos.postgres.connection import FAILED, StatementRefused, next_result, rows_within

Value = bool | int | float | str | None

_BOOL, _INTEGERS, _FRACTIONS = (
    16,
    (20, 21, 23, 26),
    (700, 701, 1700),
)  # OIDs of the types, fixed for all versions
_LONGEST = 10**40


def read(dsn: str, statement: str, seconds: float) -> Value:
    """The only column of the only row, in a READ ONLY transaction that is rolled back. A number that a float does not
    hold exactly is text.

    Raises StatementRefused, Unanswered, TargetError if there is not exactly one value, or psycopg.OperationalError if
    no connection is made (libpq tries for at least 2 s).
    """
    asked = conninfo_to_dict(dsn).get("options") or ""
    limits = f"{asked} -c statement_timeout={seconds * 1000:.0f} -c default_transaction_read_only=on"
    wait = max(2, round(seconds))
    with psycopg.connect(dsn, autocommit=True, connect_timeout=wait, options=limits) as connection:
        rows_within(connection, "BEGIN READ ONLY", seconds)
        server, deadline = connection.pgconn, time.monotonic() + seconds
        # The extended protocol takes one statement: a second one could end the transaction and write.
        server.send_query_params(statement.encode(), None)
        found: pq.abc.PGresult | None = None
        while (result := next_result(server, deadline, seconds)) is not None:
            found = found or result
        server.finish()  # rolls back, even if the statement has left the connection in another state
    return _value(found)


def _value(result: pq.abc.PGresult | None) -> Value:
    if result is None or pq.ExecStatus(result.status).name in FAILED:
        state = (result and result.error_field(pq.DiagnosticField.SQLSTATE)) or b""
        said = (result and result.error_field(pq.DiagnosticField.MESSAGE_PRIMARY)) or b"no answer"
        raise StatementRefused(state.decode(), said.decode(errors="replace"))
    if (result.ntuples, result.nfields) != (1, 1):
        raise TargetError(f"must give one row with one column, got {result.ntuples} with {result.nfields}")
    raw = result.get_value(0, 0)
    return None if raw is None else _plain(result.ftype(0), raw.decode(errors="replace"))


def _plain(oid: int, text: str) -> Value:
    if oid == _BOOL:
        return text == "t"
    if oid in _INTEGERS:
        return int(text)
    return exact(text) if oid in _FRACTIONS else text


def exact(text: str) -> Value:
    """A number as int or float if that is the same number, else as its text, such as NaN."""
    try:
        number = Decimal(text)
        if not number.is_finite() or abs(number) >= _LONGEST:
            return text
        if number == number.to_integral_value():
            return int(number)
        return float(text) if Decimal(repr(float(text))) == number else text
    except ArithmeticError:
        return text
