"""Credentials of midnight's programs and standbys: a superuser's password in memory, a role's in a passfile."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path

from chaos.host.privileges import give
from chaos.later import conninfo, sql
from chaos.postgres.cluster import Cluster
from chaos.postgres.connection import CONNECT_TIMEOUT, HOST, connect

_ROLE = "midnight_replication"
# Functions with which pg_rewind reads the new primary's files, by its manual; a superuser needs no grant.
_FILE_FUNCTIONS = (
    "pg_ls_dir(text, boolean, boolean)",
    "pg_stat_file(text, boolean)",
    "pg_read_binary_file(text)",
    "pg_read_binary_file(text, bigint, bigint, boolean)",
)


@dataclass(frozen=True, slots=True)
class Access:
    """The superuser's password, and the replication role with the file its password is in.

    Valid for a primary and everything derived from it: standbys, rewound servers, restores.
    """

    password: str = field(repr=False)
    passfile: Path
    role: str = _ROLE

    def dsn(self, cluster: Cluster) -> str:
        """As the superuser, directly to the server."""
        return cluster.dsn(password=self.password)

    def replication(self, upstream: str, **options: str) -> str:
        """As the replication role, to `upstream` (HOST:PORT of a server or of a proxy in front of it)."""
        host, _, port = upstream.rpartition(":")
        return conninfo.make_conninfo(
            host=host,
            port=port,
            user=self.role,
            passfile=str(self.passfile),
            connect_timeout=CONNECT_TIMEOUT,
            **options,
        )


def grant_access(primary: Cluster, password: str, passfile: Path) -> Access:
    """Give `primary` a role for replication and pg_rewind, with a new password (SCRAM) that only `passfile`
    holds, readable by the user the servers run as. An existing role gets the new password.

    Raises psycopg.Error.
    """
    access = Access(password, passfile)
    secret = secrets.token_hex(16)
    _write(passfile, f"*:*:*:{access.role}:{secret}\n", primary)
    role = sql.Identifier(access.role)
    with connect(access.dsn(primary)) as connection, connection.transaction():
        # The statement contains a secret, which must not end up in the server's log.
        connection.execute("SET LOCAL log_statement = 'none'")
        connection.execute("SET LOCAL log_min_duration_statement = -1")
        connection.execute("SET LOCAL log_min_error_statement = 'panic'")
        connection.execute("SET LOCAL password_encryption = 'scram-sha-256'")
        known = connection.execute("SELECT FROM pg_roles WHERE rolname = %s", [access.role]).fetchone()
        verb = sql.SQL("CREATE" if known is None else "ALTER")
        connection.execute(
            sql.SQL("{} ROLE {} LOGIN REPLICATION PASSWORD {}").format(verb, role, sql.Literal(secret))
        )
        for function in _FILE_FUNCTIONS:
            connection.execute(
                sql.SQL("GRANT EXECUTE ON FUNCTION pg_catalog.{} TO {}").format(sql.SQL(function), role)
            )
    return access


def address(cluster: Cluster) -> str:
    """HOST:PORT of the server itself."""
    return f"{HOST}:{cluster.port}"


def _write(file: Path, text: str, cluster: Cluster) -> None:
    file.unlink(missing_ok=True)
    # O_EXCL, so that no existing file is ever overwritten; libpq refuses a file that others may read.
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as output:
        output.write(text)
    give(file, cluster.user)
