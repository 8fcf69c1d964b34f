"""Settings of a PostgreSQL server that midnight did not start, their sources, and its replication slots."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from typing import Any, LiteralString

import psycopg

from chaos.errors import ControlError
from chaos.plugin.handles import Handles
from chaos.postgres import connect
from chaos.postgres.connection import Connection
from chaos.postgres.conninfo_files import reference, resolve
from chaos.record.inventory.document import SERVERS, Source

# Settings of the connection itself do not describe the server.
_SETTINGS: LiteralString = (
    "select name, coalesce(reset_val, '') || ' (' || source || ')' from pg_settings"
    " where context <> 'internal' and source not in ('client', 'session', 'interactive', 'test', 'override')"
)
_BY_ALTER_SYSTEM: LiteralString = (
    "select name, setting from pg_file_settings where sourcefile like '%/postgresql.auto.conf' order by seqno"
)
_BY_ROLE: LiteralString = (
    "select rolname, coalesce(datname, 'every database'), setconfig"
    " from pg_db_role_setting left join pg_roles r on r.oid = setrole left join pg_database d on d.oid = setdatabase"
)
_SLOTS: LiteralString = (
    "select slot_name, jsonb_build_object('plugin', plugin, 'type', slot_type, 'database', database,"
    " 'lost', coalesce(wal_status = 'lost', false)) from pg_replication_slots where not temporary"
)
# settings of extensions and applications, and those that may contain a password: compared but never stored
_SECRETIVE = re.compile(r"\.|conninfo|_command|passphrase|password|secret|token|key", re.IGNORECASE)


def sources(handles: Handles) -> Iterator[Source]:
    for name, database in handles.databases.items():
        if not database.ours:
            yield {"kind": SERVERS, "place": f"of {name}", "name": name, "dsn": reference(database.admin_dsn)}


def read(source: Source, mark: str) -> Mapping[str, Any]:
    """Raises ControlError, also if access is denied: then nothing is known to be unchanged."""
    del mark
    place = source["place"]
    try:
        with connect(resolve(source["dsn"])) as connection:
            found = {f"slot {name} {place}": fields for name, fields in _rows(connection, _SLOTS)}
            settings: dict[str, Any] = {
                f"setting {name}": _kept(name, value) for name, value in _rows(connection, _SETTINGS)
            }
            for name, value in _rows(connection, _BY_ALTER_SYSTEM):
                settings[f"ALTER SYSTEM {name}"] = _kept(name, value)
            for role, database, values in _rows(connection, _BY_ROLE):
                whose = (
                    "every role" if role is None else f"role {_digest(role)}"
                )  # a user name may be a secret
                settings[f"settings of {whose} in {database}"] = [_of_role(value) for value in values]
    except psycopg.Error as error:
        raise ControlError(f"the server {place}: {' '.join(str(error).split())}") from error
    return {**found, f"settings {place}": settings}


def _rows(connection: Connection, query: LiteralString) -> list[tuple[Any, ...]]:
    return connection.execute(query).fetchall()


def _kept(name: str, value: str) -> str:
    if not _SECRETIVE.search(name) or not value:
        return value
    return f"not shown, {_digest(value)}"


def _digest(value: str) -> str:
    return hashlib.sha256(value.encode()).hexdigest()[:12]


def _of_role(value: str) -> str:
    name, _, given = value.partition("=")
    return f"{name}={_kept(name, given)}"
