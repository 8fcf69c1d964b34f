"""Prepare the database for the stack: schema, seed, roles. Idempotent."""

from __future__ import annotations

import os

import psycopg
from psycopg import Connection, sql

from .settings import Config, Role, load

ADMIN_VARIABLE = "REFERENCE_ADMIN_DSN"

SCHEMA = """
CREATE TABLE IF NOT EXISTS documents (
    id bigint PRIMARY KEY, title text NOT NULL, body text NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE IF NOT EXISTS records (
    seq bigint PRIMARY KEY, payload text NOT NULL, checksum text NOT NULL,
    written_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE IF NOT EXISTS sync_source (id bigint PRIMARY KEY, payload text NOT NULL);
CREATE TABLE IF NOT EXISTS sync_target (
    id bigint PRIMARY KEY, payload text NOT NULL, digest text NOT NULL, synced_at timestamptz NOT NULL);
CREATE TABLE IF NOT EXISTS usage_totals (name text PRIMARY KEY, n bigint NOT NULL);
CREATE TABLE IF NOT EXISTS usage_counted (id uuid PRIMARY KEY, source text NOT NULL, n bigint NOT NULL);
INSERT INTO usage_totals (name, n) VALUES ('all', 0) ON CONFLICT (name) DO NOTHING;
"""

GRANTS = """
GRANT SELECT ON documents TO {api}, {batch}, {crowd};
GRANT SELECT, INSERT ON records TO {api};
GRANT SELECT ON sync_source TO {batch};
GRANT SELECT, INSERT, UPDATE ON sync_target TO {batch};
GRANT SELECT, UPDATE ON usage_totals TO {api}, {batch};
GRANT SELECT, INSERT ON usage_counted TO {api}, {batch};
"""

BODY = "The night shift counts what the day has written, and asks twice before it throws anything away. "


def main() -> None:
    """Prepare the configured database as the superuser of REFERENCE_ADMIN_DSN."""
    config = load()
    admin = os.environ[ADMIN_VARIABLE]
    with psycopg.connect(admin, dbname=config.database.dbname, autocommit=True) as connection:
        with connection.transaction():
            connection.execute(SCHEMA)
            _seed(connection, config.documents)
            _roles(connection, config)
        # A baseline measured while autovacuum and a checkpoint still process the seed would not be quiet.
        connection.execute("VACUUM ANALYZE documents, sync_source")
        connection.execute("CHECKPOINT")


def _seed(connection: Connection, documents: int) -> None:
    """Fill documents and sync_source with that many rows each, unless already present."""
    if connection.execute("SELECT count(*) FROM documents").fetchone() == (documents,):
        return
    connection.execute("TRUNCATE documents, sync_source, sync_target")
    with connection.cursor() as cursor:
        with cursor.copy("COPY documents (id, title, body) FROM STDIN") as copy:
            for number in range(1, documents + 1):
                copy.write_row((number, f"Document {number}", f"{number}: {BODY * 8}"))
        with cursor.copy("COPY sync_source (id, payload) FROM STDIN") as copy:
            for number in range(1, documents + 1):
                copy.write_row((number, f"{number}: {BODY * 2}"))


def _roles(connection: Connection, config: Config) -> None:
    """Create the roles with their limits; seconds become PostgreSQL's milliseconds, null resets."""
    roles, limits = config.database.roles, config.profile.database
    api, batch = config.profile.api, config.profile.batch
    _role(connection, roles.api, limits.api_connection_limit)
    _role(connection, roles.batch, limits.batch_connection_limit)
    _role(connection, roles.crowd, limits.crowd_connection_limit)
    _set(connection, roles.api, "statement_timeout", _milliseconds(api.statement_timeout))
    _set(connection, roles.api, "lock_timeout", _milliseconds(api.lock_timeout))
    _set(connection, roles.api, "synchronous_commit", "on")
    _set(connection, roles.batch, "statement_timeout", _milliseconds(batch.statement_timeout))
    names = {
        "api": sql.Identifier(roles.api.user),
        "batch": sql.Identifier(roles.batch.user),
        "crowd": sql.Identifier(roles.crowd.user),
    }
    connection.execute(sql.SQL(GRANTS).format(**names))


def _role(connection: Connection, role: Role, connection_limit: int | None) -> None:
    known = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (role.user,)).fetchone()
    verb = "CREATE" if known is None else "ALTER"
    statement = sql.SQL(verb) + sql.SQL(" ROLE {} LOGIN PASSWORD {} CONNECTION LIMIT {}").format(
        sql.Identifier(role.user),
        sql.Literal(role.password),
        sql.Literal(-1 if connection_limit is None else connection_limit),
    )
    connection.execute(statement)


def _set(connection: Connection, role: Role, setting: str, value: str | None) -> None:
    user, name = sql.Identifier(role.user), sql.Identifier(setting)
    if value is None:
        connection.execute(sql.SQL("ALTER ROLE {} RESET {}").format(user, name))
    else:
        connection.execute(sql.SQL("ALTER ROLE {} SET {} = {}").format(user, name, sql.Literal(value)))


def _milliseconds(seconds: float | None) -> str | None:
    return None if seconds is None else f"{round(seconds * 1000)}ms"


if __name__ == "__main__":
    main()
