"""Verify that a standby really follows: an old primary that rejoined without a rewind only looks as if it did."""

from __future__ import annotations

import time

from chaos.errors import TargetError
from chaos.later import psycopg, sql
from chaos.postgres.access import Access
from chaos.postgres.cluster import Cluster
from chaos.postgres.connection import Connection, ask, connect
from chaos.postgres.lag import heard
from chaos.postgres.promote import is_in_recovery, timeline
from chaos.postgres.standby import Standby, wait_until_streaming
from chaos.postgres.wal import Lsn, lsn, show_lsn
from chaos.postgres.writes import refuses_writes

_POLL = 0.05
_TABLES = (
    "SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
    " WHERE c.relkind = 'r' AND c.relpersistence = 'p'"
    " AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema' ORDER BY 1, 2"
)
_DATABASES = "SELECT datname FROM pg_database WHERE datallowconn AND NOT datistemplate ORDER BY 1"

Digest = dict[str, tuple[int, int]]  # database.schema.table -> row count and a digest of the contents


class NotFollowing(TargetError):
    """A server is not a faithful standby of its primary; the message says how."""


def verify_following(
    primary: Cluster, standby: Standby, access: Access, *, timeout: float = 30.0, rows: bool = True
) -> None:
    """Verify that `standby` is read-only, streams on the primary's timeline, has replayed what the primary
    has written by now, and holds the same rows in every table.

    Rows can be compared only while there are no writes; without `rows` they are not. Raises NotFollowing with the
    first mismatch after `timeout` seconds.
    """
    server = standby.cluster
    deadline = time.monotonic() + timeout
    if not is_in_recovery(server, access) or not refuses_writes(access.dsn(server)):
        raise NotFollowing(f"{standby.application_name!r} is not a standby: it accepts writes")
    _same_system(primary, standby, access)
    while (because := _behind(primary, standby, access)) is not None:
        if time.monotonic() >= deadline:
            raise NotFollowing(f"{standby.application_name!r} {because}")
        time.sleep(_POLL)
    if rows:
        _same_rows(primary, standby, access, deadline)


def _same_system(primary: Cluster, standby: Standby, access: Access) -> None:
    query = "SELECT system_identifier FROM pg_control_system()"
    (theirs,), (ours,) = ask(access.dsn(primary), query), ask(access.dsn(standby.cluster), query)
    if theirs != ours:
        raise NotFollowing(
            f"{standby.application_name!r} has another system identifier: {ours}, not {theirs}"
        )


def _behind(primary: Cluster, standby: Standby, access: Access) -> str | None:
    """How `standby` differs from its primary at this moment; None if it does not."""
    wanted = timeline(primary, access)
    received = heard(standby.cluster, access)
    if received is None or received.status != "streaming":
        return "receives nothing from its primary"
    if received.timeline != wanted:
        return f"receives timeline {received.timeline}, but its primary writes timeline {wanted}"
    end = written(primary, access)
    replayed = _replayed(standby.cluster, access)
    if replayed is None or replayed < end:
        return f"has replayed {show_lsn(replayed or 0)}, but its primary has written {show_lsn(end)}"
    return None


def written(primary: Cluster, access: Access) -> Lsn:
    """The end of the primary's WAL."""
    return lsn(str(ask(access.dsn(primary), "SELECT pg_current_wal_lsn()::text")[0]))


def _replayed(server: Cluster, access: Access) -> Lsn | None:
    (place,) = ask(access.dsn(server), "SELECT pg_last_wal_replay_lsn()::text")
    return None if place is None else lsn(str(place))


def _same_rows(primary: Cluster, standby: Standby, access: Access, deadline: float) -> None:
    while True:
        before = digest(primary, access)
        end = written(primary, access)
        wait_until_streaming(primary, access, standby.application_name)
        while (_replayed(standby.cluster, access) or 0) < end and time.monotonic() < deadline:
            time.sleep(_POLL)
        theirs = digest(standby.cluster, access)
        # Unchanged before and after: so the standby's contents in between can be compared.
        if digest(primary, access) == before:
            break
        if time.monotonic() >= deadline:
            raise NotFollowing("the rows cannot be compared: the primary is being written to")
    for table in sorted(before.keys() | theirs.keys()):
        if before.get(table) != theirs.get(table):
            raise NotFollowing(
                f"{standby.application_name!r} has different rows in {table}: "
                f"{_show(theirs.get(table))}, the primary {_show(before.get(table))}"
            )


def _show(entry: tuple[int, int] | None) -> str:
    return "table not found" if entry is None else f"{entry[0]} rows (digest {entry[1] % (1 << 64):016x})"


def digest(server: Cluster, access: Access) -> Digest:
    """The number of rows and their digest, for every table of every database. Raises TargetError."""
    found: Digest = {}
    try:
        with connect(access.dsn(server)) as connection:
            databases = [str(name) for (name,) in connection.execute(_DATABASES)]
        for database in databases:
            with connect(server.dsn(dbname=database, password=access.password)) as connection:
                found |= {f"{database}.{table}": entry for table, entry in _tables(connection).items()}
    except psycopg.Error as error:
        raise TargetError(f"the tables could not be read: {str(error).strip()}") from error
    return found


def _tables(connection: Connection) -> Digest:
    found: Digest = {}
    for schema, table in connection.execute(_TABLES).fetchall():
        # A sum, because rows have no order; of hashes, because text cannot be summed.
        query = sql.SQL("SELECT count(*), coalesce(sum(hashtextextended(t::text, 0)), 0) FROM {} t")
        row = connection.execute(query.format(sql.Identifier(schema, table))).fetchone()
        if row is not None:
            found[f"{schema}.{table}"] = (int(row[0]), int(row[1]))
    return found
