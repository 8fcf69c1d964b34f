"""PostgreSQL's `idle_session_timeout`: read, set, and put back as it was."""

from __future__ import annotations

from typing import LiteralString

import psycopg
from psycopg import sql

from chaos.errors import RestoreError
from chaos.fault import Evidence
from chaos.postgres import connect

NAME: LiteralString = "idle_session_timeout"

_OWN_SETTING = (
    "select setting from pg_file_settings where name = 'idle_session_timeout'"
    " and sourcefile like '%postgresql.auto.conf' and applied"
)


def read(dsn: str) -> str | None:
    """What ALTER SYSTEM has set it to; None when it has not. Raises psycopg.OperationalError."""
    with connect(dsn) as connection:
        row = connection.execute(_OWN_SETTING).fetchone()
    return row[0] if row else None


def write(dsn: str, value: str | None) -> None:
    """Set it, or reset it with None, for sessions that go idle from now on. Raises psycopg.Error."""
    with connect(dsn) as connection:
        if value is None:
            connection.execute("alter system reset idle_session_timeout")
        else:
            connection.execute(
                sql.SQL("alter system set idle_session_timeout = {}").format(sql.Literal(value))
            )
        connection.execute("select pg_reload_conf()")


def put_back(dsn: str, before: str | None, *, ours: bool) -> Evidence:
    """As `read` gave it. A server of ours that is gone has nothing to put back. Raises RestoreError."""
    try:
        write(dsn, before)
    except psycopg.OperationalError as error:
        if ours and "refused" in str(error):  # the server is gone, and its data directory with the target
            return {"server": "gone"}
        back = "reset idle_session_timeout" if before is None else f"set idle_session_timeout = {before!r}"
        by_hand = f"ALTER SYSTEM {back}; SELECT pg_reload_conf();"
        raise RestoreError(
            f"idle_session_timeout could not be put back: {error}; by hand: {by_hand}"
        ) from error
    return {"idle_session_timeout": before or "reset"}
