"""PostgreSQL's `idle_session_timeout`: read, set by ALTER SYSTEM, and put back as it was."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Any, LiteralString, TypeAlias

from chaos.errors import TargetGone, UndoError
from chaos.later import psycopg, sql
from chaos.plugin.fault import Evidence, Undo
from chaos.postgres import connect, conninfo_files

NAME: LiteralString = "idle_session_timeout"
IN_FORCE_WITHIN = 5.0  # seconds that a server may take to reload its configuration

_BY_ALTER_SYSTEM = (
    "select setting from pg_file_settings where name = 'idle_session_timeout'"
    " and sourcefile like '%/postgresql.auto.conf' order by seqno desc limit 1"
)
_IN_FORCE = (
    "select reset_val, source, extract(epoch from pg_conf_load_time())::float8 from pg_settings"
    " where name = 'idle_session_timeout'"
)
_NOW: LiteralString = "select extract(epoch from clock_timestamp())::float8"
# Sources that may override the files in the administrator's own session only.
_OF_THIS_SESSION = ("database", "user", "database user", "client")
_RELOAD: LiteralString = "select pg_reload_conf()"
_POLL = 0.02
_CHANGED_SINCE_THE_LAST_RELOAD = (
    "select file from (select distinct sourcefile as file from pg_file_settings"
    " union select current_setting('hba_file') union select current_setting('ident_file')) files"
    " where (pg_stat_file(file, true)).modification > pg_conf_load_time() order by file"
)

_Connection: TypeAlias = "psycopg.Connection[tuple[Any, ...]]"


def read(dsn: str) -> dict[str, Any]:
    """`before`: the value set by ALTER SYSTEM, as text, or None; `in_force`: the value in force and its source.

    Raises TargetGone if the server's files have changes pending a reload: midnight's reload would activate them.
    Raises psycopg.OperationalError.
    """
    with connect(dsn) as connection:
        if waiting := _waiting(connection):
            raise TargetGone(
                f"idle_drop: {', '.join(waiting)} changed since the server last read it, and a reload would "
                "activate that change; run this first: SELECT pg_reload_conf()"
            )
        row = connection.execute(_IN_FORCE).fetchone()
        return {"before": _by_alter_system(connection), "in_force": list(row[:2]) if row else None}


def ended_by_the_server(dsn: str) -> int:
    """Sessions that the server has ended with a fatal error, such as SQLSTATE 57P05, since its counters began
    (PostgreSQL 14). Sessions ended by an administrator are counted elsewhere. Raises psycopg.Error.
    """
    with connect(dsn) as connection:
        row = connection.execute(
            "select coalesce(sum(sessions_fatal), 0)::bigint from pg_stat_database"
        ).fetchone()
    return int(row[0]) if row else 0


def write(dsn: str, value: str | None) -> float:
    """Set it, or reset it with None, and reload. Returns the time before the reload, in seconds since the epoch by
    the server's own clock, for `await_in_force`. Raises psycopg.Error.
    """
    with connect(dsn) as connection:
        return _write(connection, value)


def await_in_force(dsn: str, ms: int | None, since: float) -> None:
    """Wait until a new session shows that the server has reloaded since then and uses `ms` from its files.

    A reload is asynchronous: a session that goes idle before it takes effect keeps the old value. The server signals
    its sessions before it starts a new one, so once a new session shows the value, the others have it before they
    next go idle. If the new session has a value of its own (ALTER ROLE ... SET), or `ms` is None, it is enough that
    the files were read. Raises TargetGone after IN_FORCE_WITHIN seconds, psycopg.Error.
    """
    deadline = time.monotonic() + IN_FORCE_WITHIN
    while True:
        with connect(dsn) as connection:
            value, source, read_at = _row(connection, _IN_FORCE)
        read_again = read_at >= since
        if read_again and (ms is None or value == str(ms) or source in _OF_THIS_SESSION):
            return
        if time.monotonic() >= deadline:
            instead = (
                f"a new session has {value} ms ({source})" if read_again else "it has not read its files"
            )
            raise TargetGone(
                f"idle_drop: {NAME} not in force within {IN_FORCE_WITHIN:g} s of a reload: {instead}"
            )
        time.sleep(_POLL)


def put_back(undo: Undo) -> Evidence:
    """Put back what `read` returned, unless the value is no longer midnight's: a value set meanwhile stays.

    If a server that midnight started is gone, there is nothing to put back. Raises UndoError.
    """
    before, ours = undo["before"], undo.get("set")
    back = "reset idle_session_timeout" if before is None else f"set idle_session_timeout = {before!r}"
    by_hand = f"ALTER SYSTEM {back}; SELECT pg_reload_conf();"
    try:
        dsn = conninfo_files.resolve(undo["dsn"])
        with connect(dsn) as connection:
            now = _by_alter_system(connection)
            if now not in (before, ours) and ours is not None:
                return {"idle_session_timeout": now, "set_by": "another user meanwhile, and left alone"}
            since = _write(connection, before)
            now = _by_alter_system(connection)
        await_in_force(dsn, None, since)
    except (psycopg.Error, TargetGone) as error:
        if undo["ours"] and "refused" in str(error):  # its data directory ends with the target
            return {"server": "gone"}
        because = f"idle_session_timeout could not be put back: {error}"
        raise UndoError(f"{because}; by hand: {by_hand}") from error
    if now != before:
        raise UndoError(f"idle_session_timeout is {now!r}, and was {before!r}; by hand: {by_hand}")
    return {"idle_session_timeout": before or "reset"}


def _write(connection: _Connection, value: str | None) -> float:
    if value is None:
        connection.execute("alter system reset idle_session_timeout")
    else:
        connection.execute(sql.SQL("alter system set idle_session_timeout = {}").format(sql.Literal(value)))
    now = float(_row(connection, _NOW)[0])
    connection.execute(_RELOAD)
    return now


def _row(connection: _Connection, query: LiteralString) -> tuple[Any, ...]:
    row = connection.execute(query).fetchone()
    assert row is not None
    return row


def _by_alter_system(connection: _Connection) -> str | None:
    row = connection.execute(_BY_ALTER_SYSTEM).fetchone()
    return row[0] if row else None


def _waiting(connection: _Connection) -> list[str]:
    """Files changed since the server last read them; none if the query is not permitted."""
    with suppress(psycopg.errors.InsufficientPrivilege):
        return [row[0] for row in connection.execute(_CHANGED_SINCE_THE_LAST_RELOAD).fetchall()]
    return []
