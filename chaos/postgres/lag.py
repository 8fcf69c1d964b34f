"""A standby's lag: what a loss at this instant would cost."""

from __future__ import annotations

from dataclasses import dataclass

from chaos.postgres.access import Access
from chaos.postgres.cluster import Cluster
from chaos.postgres.connection import ask_all
from chaos.postgres.wal import Lsn, lsn

_BEHIND = "pg_wal_lsn_diff(pg_current_wal_lsn(), {}_lsn)::bigint"
_COLUMNS = [
    "pid",
    "state",
    "sync_state",
    "pg_current_wal_lsn()::text",
    *(_BEHIND.format(stage) for stage in ("sent", "write", "flush", "replay")),
    *(f"extract(epoch FROM {stage}_lag)::float8" for stage in ("write", "flush", "replay")),
]


@dataclass(frozen=True, slots=True)
class Lag:
    """The primary's view of one standby. None: no report yet.

    `flush` is what would be missing after the loss of the primary; `sent` is not, because it counts bytes still in a
    buffer or a proxy. The seconds belong to the WAL acknowledged last: they freeze when a standby stops answering.
    """

    pid: int  # of the walsender
    state: str
    sync_state: str
    lsn: Lsn  # the primary's end of WAL
    sent: int | None  # bytes behind it, here and below
    write: int | None
    flush: int | None
    replay: int | None
    write_seconds: float | None
    flush_seconds: float | None
    replay_seconds: float | None


def lag(primary: Cluster, access: Access, application_name: str) -> Lag | None:
    """The lag of the standby of that name; None if it is not connected. Raises TargetError."""
    return lag_at(access.dsn(primary), application_name)


def lag_at(dsn: str, application_name: str) -> Lag | None:
    """As `lag`, of the server of this DSN."""
    # A disconnecting standby or a backup may have the same name: the streaming one comes first.
    query = (
        f"SELECT {', '.join(_COLUMNS)} FROM pg_stat_replication"
        " WHERE application_name = %s AND state <> 'backup' ORDER BY state = 'streaming' DESC"
    )
    rows = ask_all(dsn, query, application_name)
    if not rows:
        return None
    pid, state, sync_state, end, *numbers = rows[0]
    return Lag(pid, state, sync_state, lsn(end), *numbers)


@dataclass(frozen=True, slots=True)
class Heard:
    """A standby's view of its primary. It reports `streaming` for a frozen one, too: the age gives that away."""

    status: str
    timeline: int  # the one it receives
    age: float  # seconds since the last message of the primary


def heard(standby: Cluster, access: Access) -> Heard | None:
    """None while the standby receives nothing. Raises TargetError."""
    rows = ask_all(
        access.dsn(standby),
        "SELECT status, received_tli, extract(epoch FROM clock_timestamp() - last_msg_receipt_time)::float8"
        " FROM pg_stat_wal_receiver WHERE received_tli IS NOT NULL AND last_msg_receipt_time IS NOT NULL",
    )
    return Heard(*rows[0]) if rows else None
