"""Database sessions by state and age, each with its last query and the process and descriptor that holds it."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

import psycopg

from chaos.census.holders import Holders
from chaos.errors import TargetError
from chaos.postgres.connection import rows_within
from chaos.record import redact, secret_forms

SESSIONS = "sessions"
STATES = ("active", "idle", "idle in transaction")
LONGEST = 200  # characters of a query

_HIDDEN = "unknown"
_OURS = "midnight"  # application_name of every connection that only observes
_WITHIN = 5.0  # seconds
# The server hides the type of other roles' sessions from an ordinary role: they have a user and a database.
_OTHERS = f"""
    from pg_stat_activity
    where (backend_type = 'client backend'
           or (backend_type is null and usename is not null and datname is not null))
          and pid <> pg_backend_pid() and application_name is distinct from '{_OURS}'
"""
_COUNTS = f"select coalesce(state, '{_HIDDEN}'), count(*) {_OTHERS} group by 1"
_SESSIONS = f"""
    select pid, usename, datname, application_name, coalesce(state, '{_HIDDEN}'),
           extract(epoch from clock_timestamp() - state_change), extract(epoch from clock_timestamp() - xact_start),
           wait_event_type || ': ' || wait_event, query, host(client_addr), client_port,
           current_setting('port')
    {_OTHERS} order by state_change
"""
_PASSWORD = re.compile(r"(?P<key>\bpassword\s+)(?:E?'(?:[^']|'')*'?)", re.I)  # of CREATE and ALTER ROLE


def counts(dsn: str) -> dict[str, int]:
    """`sessions` in all, `sessions:STATE` for each state, without midnight's own. Raises TargetError."""
    found = {str(state): int(count or 0) for state, count in _rows(dsn, _COUNTS)}
    by_state = {**dict.fromkeys(STATES, 0), **found}
    return {SESSIONS: sum(found.values()), **{f"{SESSIONS}:{state}": by_state[state] for state in by_state}}


def sessions(dsn: str, pids: Collection[int]) -> list[dict[str, Any]]:
    """Every session but midnight's own, the longest in its state first: `pid` of the server's process, `user`,
    `database`, `application`, `state`, seconds in `state` (`age`) and in its transaction, `waits_for`, `query` (masked
    and cut), `client`, and its `holder`, or `why` it cannot be named. Raises TargetError.

    `pids`: the service's processes; a session that another process holds is named, too.
    """
    rows, holders = _rows(dsn, _SESSIONS), Holders(pids)
    return [_session(row, holders) for row in rows]


def _session(row: tuple[str | None, ...], holders: Holders) -> dict[str, Any]:
    pid, user, database, application, state, age, transaction, waits_for, query, host, port, server_port = row
    client = f"{f'[{host}]' if host and ':' in host else host}:{port}" if host else ""
    holder, why = holders.of(client, int(server_port or 0), int(pid or 0))
    if state == _HIDDEN:
        why = "this role may not see other roles' sessions: use a superuser's DSN, or grant pg_read_all_stats"
    return {
        "pid": int(pid or 0),
        "user": user or "",
        "database": database or "",
        "application": application or "",
        "state": state,
        "age": _seconds(age),
        "transaction": _seconds(transaction),
        "waits_for": waits_for or "",
        "query": masked(query or ""),
        "client": client,
        "holder": holder,
        "why": why,
    }


def masked(query: str) -> str:
    """On one line, without what looks like a secret, cut."""
    text = _PASSWORD.sub(lambda found: found["key"] + redact.MASK, query)
    text = " ".join(redact.known(secret_forms.mask(text)).split())
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."


def _seconds(text: str | None) -> float | None:
    return None if text is None else max(0.0, round(float(text), 3))


def _rows(dsn: str, query: str) -> list[tuple[str | None, ...]]:
    try:
        with psycopg.connect(
            dsn, autocommit=True, connect_timeout=round(_WITHIN), application_name=_OURS
        ) as connection:
            return rows_within(connection, query, _WITHIN)
    except psycopg.Error as error:
        raise TargetError(
            f"the database's sessions cannot be read: {' '.join(str(error).split())}"
        ) from error
