"""The database that several processes share: SQLite by default, PostgreSQL through MIDNIGHT_DATABASE."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import DateTime, Dialect, Engine, MetaData, create_engine, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.types import TypeDecorator

from chaos.access.secret_urls import learn_database_url
from chaos.errors import UsageError
from chaos.record import store

PATIENCE = 30.0  # seconds that a writer waits for another writer
SILENT = (
    10  # seconds without an answer after which a server, or a client idle in a transaction, counts as gone
)

metadata = MetaData()


class Utc(TypeDecorator[datetime]):
    """A timestamp, stored and returned in UTC."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        del dialect
        return None if value is None else value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        del dialect
        return None if value is None else value.replace(tzinfo=UTC)


def address() -> str:
    """Return MIDNIGHT_DATABASE, by default a file in the user's state directory."""
    return os.environ.get("MIDNIGHT_DATABASE") or f"sqlite:///{store.state_dir() / 'schedule.db'}"


def connect(url: str, *, durable: bool = True) -> Engine:
    """Open the database at `url` and create missing tables. Raises UsageError.

    Without `durable`, a machine crash may lose the newest transactions.
    """
    learn_database_url(url, "MIDNIGHT_DATABASE")
    try:
        parsed = make_url(url.replace("postgres://", "postgresql://", 1))
        if parsed.get_backend_name() not in ("postgresql", "sqlite"):
            raise UsageError("MIDNIGHT_DATABASE must be postgresql://... or sqlite:///FILE")
        if parsed.drivername == "postgresql":
            parsed = parsed.set(drivername="postgresql+psycopg")
        engine = create_engine(
            parsed, pool_pre_ping=parsed.get_backend_name() != "sqlite", connect_args=_limits(parsed)
        )
        if parsed.get_backend_name() == "sqlite":
            if parsed.database:
                Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
            _prepare_sqlite(engine, durable)
        with engine.begin() as connection:
            if (
                parsed.get_backend_name() == "postgresql"
            ):  # two processes that start at once create the tables once
                connection.execute(text("SELECT pg_advisory_xact_lock(718281828)"))
            metadata.create_all(connection)
    except (ArgumentError, ValueError):  # its message would repeat the URL, which may contain a password
        raise UsageError("MIDNIGHT_DATABASE is not a database URL") from None
    except (SQLAlchemyError, OSError, ImportError) as error:
        reason = " ".join(str(getattr(error, "orig", None) or error).split())
        raise UsageError(f"cannot open database {parsed!r}: {reason}") from error
    return engine


def _limits(url: URL) -> dict[str, Any]:
    """PostgreSQL timeouts: a client frozen inside a transaction must not lock the lease row for ever, and a server that
    stops answering must not block the scheduler. Settings in the URL come last and win."""
    if url.get_backend_name() != "postgresql":
        return {}
    waits = {"lock_timeout": PATIENCE, "statement_timeout": 2 * PATIENCE}
    waits["idle_in_transaction_session_timeout"] = SILENT
    options = [
        *(f"-c {name}={seconds:.0f}s" for name, seconds in waits.items()),
        url.query.get("options", ""),
    ]
    ours = {
        "connect_timeout": SILENT,
        "tcp_user_timeout": SILENT * 1000,
        "keepalives_idle": SILENT,
        "keepalives_interval": SILENT // 2,
        "keepalives_count": 2,
    }
    given = {name: value for name, value in ours.items() if name not in url.query}
    return {**given, "options": " ".join(map(str, options)).strip()}


def _prepare_sqlite(engine: Engine, durable: bool) -> None:
    """Take the write lock when a transaction begins, so that a later write in it cannot fail."""

    @event.listens_for(engine, "connect")
    def _(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # sqlite3 must not begin transactions on its own
        connection.execute(f"PRAGMA busy_timeout = {int(PATIENCE * 1000)}")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'OFF'}")

    @event.listens_for(engine, "begin")
    def _(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
