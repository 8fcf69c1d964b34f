"""Query the restored data: how old it is, and whether it makes sense. Answers are JSON, judged later."""

from __future__ import annotations

import re
import time
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import psycopg
from psycopg import sql

from chaos.backup_check.scratch import Scratch
from chaos.record.event import NOW
from chaos.record.events import HeartbeatRead, QueryAnswered
from chaos.targets.backup.options import Heartbeat, Query


@dataclass(frozen=True, slots=True)
class Answer:
    """`because` and `state` (SQLSTATE, may be empty) say why there is no `value`, and are None if there is one."""

    seconds: float
    value: Any = None  # the first column of the first row
    rows: int | None = None
    because: str | None = None
    state: str | None = None


_IS_MISSING, _NO_DATABASE = re.compile(r'database "[^"]*" does not exist'), "3D000"
_HEARTBEAT_WITHIN = 600.0  # seconds: there may be no index


def newest_heartbeat(scratch: Scratch, heartbeat: Heartbeat, database: str) -> HeartbeatRead:
    """`value` is an ISO time with its zone, None for a table without rows."""
    table, column = sql.Identifier(*heartbeat.table.split(".")), sql.Identifier(heartbeat.column)
    statement = sql.SQL("SELECT max({}) FROM {}").format(column, table)
    answer = _answer(scratch, database, statement, _HEARTBEAT_WITHIN)
    return HeartbeatRead(NOW, **asdict(_as_time(answer)))


def ask(scratch: Scratch, query: Query, database: str) -> QueryAnswered:
    """`value` is the first column of the first row, as a number, a truth, a text or None."""
    answer = _answer(scratch, database, sql.SQL(query.sql), query.within)
    return QueryAnswered(NOW, query.name, **asdict(replace(answer, value=_plain(answer.value))))


def _answer(scratch: Scratch, database: str, statement: sql.SQL | sql.Composed, within: float) -> Answer:
    began = time.monotonic()
    limits = (f"statement_timeout={within * 1000:.0f}", "default_transaction_read_only=on", "timezone=UTC")
    try:
        with psycopg.connect(scratch.dsn(database, *limits), autocommit=True) as connection:
            cursor = connection.execute(statement)
            row = cursor.fetchone() if cursor.description else None
            rows = cursor.rowcount if cursor.description else 0
    except psycopg.Error as error:
        said = error.diag.message_primary or str(error).strip()
        # A refused connection has no SQLSTATE.
        state = error.sqlstate or (_NO_DATABASE if _IS_MISSING.search(said) else "")
        return Answer(time.monotonic() - began, because=said, state=state)
    except UnicodeDecodeError as error:  # of a database that holds any bytes (SQL_ASCII)
        return Answer(time.monotonic() - began, because=f"the answer is not UTF-8: {error}", state="")
    return Answer(time.monotonic() - began, row[0] if row else None, rows)


def _as_time(answer: Answer) -> Answer:
    value = answer.value
    if value is None:
        return answer
    if isinstance(value, datetime):
        return replace(answer, value=(value if value.tzinfo else value.replace(tzinfo=UTC)).isoformat())
    return Answer(answer.seconds, because=f"its column must contain times, got {value!r}", state="")


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value.isoformat() if isinstance(value, date | datetime) else str(value)
