"""The standby's lag behind its primary, in bytes of WAL not flushed and not replayed.

`lsn` and `flushed` are WAL positions in bytes from its beginning: their history gives the age of the oldest write
that the standby did not have.
"""

from __future__ import annotations

from psycopg import sql

from chaos.plugin.handles import Replication
from chaos.record.gauges import Source, Standby
from chaos.sampling.database import Asking
from chaos.sampling.source import Gauges

_QUERY = sql.SQL(
    "SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0'), pg_wal_lsn_diff(flush_lsn, '0/0'),"
    " pg_wal_lsn_diff(replay_lsn, '0/0') FROM pg_stat_replication"
    " WHERE application_name = {} AND state = 'streaming'"
)


class ReplicationSource:
    def __init__(self, replication: Replication) -> None:
        self._asking = Asking(replication.primary_dsn)
        self._query = _QUERY.format(sql.Literal(replication.name)).as_string()

    def read(self) -> Gauges:
        row = self._asking.row(self._query)
        if row is None or None in row:
            return {}
        lsn, flushed, replayed = (float(value or 0) for value in row)
        return {
            (Source.REPLICATION, Standby.LSN): lsn,
            (Source.REPLICATION, Standby.FLUSHED): flushed,
            (Source.REPLICATION, Standby.UNFLUSHED_BYTES): lsn - flushed,
            (Source.REPLICATION, Standby.UNREPLAYED_BYTES): lsn - replayed,
        }

    def close(self) -> None:
        self._asking.close()
