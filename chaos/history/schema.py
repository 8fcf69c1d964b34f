"""The table of runs, and its database."""

from __future__ import annotations

import os
import zlib
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite

from chaos.access.secret_urls import learn_database_url
from chaos.checks.figures import FIGURES
from chaos.errors import UsageError

VARIABLE = "MIDNIGHT_DATABASE"
FILE = "index.sqlite"
PATIENCE = 10  # seconds that a writer waits for another writer

metadata = sa.MetaData()


class Whole(sa.types.TypeDecorator[int]):
    """An integer of any size, such as a seed."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: int | None, dialect: sa.Dialect) -> str | None:
        del dialect
        return None if value is None else str(value)

    def process_result_value(self, value: str | None, dialect: sa.Dialect) -> int | None:
        del dialect
        return None if value is None else int(value)


_columns: tuple[sa.Column[Any], ...] = (
    sa.Column("store", sa.String(32), primary_key=True),  # whose reports directory
    sa.Column("folder", sa.String(255), primary_key=True),
    sa.Column("run", sa.String(255), primary_key=True),
    sa.Column("path", sa.Text, nullable=False),
    sa.Column("experiment", sa.Text, nullable=False),
    sa.Column("target", sa.Text, nullable=False),
    sa.Column("profile", sa.Text),
    sa.Column("seed", Whole),
    sa.Column("git", sa.Text),
    sa.Column("started", sa.String(32), nullable=False),
    sa.Column("drill", sa.Boolean, nullable=False),
    sa.Column("part", sa.Boolean, nullable=False),
    sa.Column("verdict", sa.String(16)),
    sa.Column("exit_code", sa.Integer),
    sa.Column("headline", sa.Text, nullable=False),
    sa.Column("links", sa.Integer),
    sa.Column("links_exercised", sa.Integer),
    sa.Column("midnight", sa.Text),
    sa.Column("machine", sa.Text),
    sa.Column("play", sa.String(16)),
    sa.Column("decision", sa.String(16)),
    sa.Column("decided", sa.String(32)),
    sa.Column("decided_by", sa.Text),
    sa.Column("decided_because", sa.Text),
    *(sa.Column(figure.name, sa.Double) for figure in FIGURES if figure.indexed),
    # In one column, so that the table is the same for everyone who shares it, whatever is installed.
    sa.Column("of_plugins", sa.JSON, nullable=False),
    sa.Column("lower_bounds", sa.JSON, nullable=False),
)

# A changed table gets a new name: it is filled from the journals.
_shape = ", ".join(f"{column.name} {type(column.type).__name__}" for column in _columns)
NAME = f"midnight_runs_{zlib.crc32(_shape.encode()):08x}"

runs = sa.Table(
    NAME,
    metadata,
    *_columns,
    sa.Index(f"{NAME}_by_time", "started", "run"),
    sa.Index(f"{NAME}_by_experiment", "experiment", "started", "run"),
    sa.Index(f"{NAME}_by_verdict", "verdict", "started", "run"),
)

KEY = ("store", "folder", "run")


def database_url(root: Path) -> sa.URL:
    """Return the URL of the index: MIDNIGHT_DATABASE, by default a file in the reports directory. Raises UsageError."""
    given = os.environ.get(VARIABLE)
    if not given:
        return sa.URL.create("sqlite", database=str(root / FILE))
    learn_database_url(given, VARIABLE)
    try:
        url = sa.make_url(given.replace("postgres://", "postgresql://", 1))
    except (sa.exc.ArgumentError, ValueError):  # a non-numeric port is a plain ValueError
        raise UsageError(f"{VARIABLE}: must be a URL such as postgresql://user@host/name") from None
    if url.get_backend_name() == "postgresql":
        return url.set(drivername="postgresql+psycopg")
    if url.get_backend_name() == "sqlite" and url.database:
        return url
    # Not shown: it may contain a password.
    raise UsageError(f"{VARIABLE}: must be postgresql://... or sqlite:///FILE")


def engine(url: sa.URL) -> sa.Engine:
    """Create an engine that waits up to `PATIENCE` seconds for other writers."""
    if url.get_backend_name() == "sqlite" and not url.database:
        # One database in memory, whichever thread asks.
        return sa.create_engine(url, poolclass=sa.StaticPool, connect_args={"check_same_thread": False})
    if url.get_backend_name() == "sqlite":
        return sa.create_engine(url, connect_args={"timeout": PATIENCE})
    limits = f"-c lock_timeout={PATIENCE}s -c statement_timeout={3 * PATIENCE}s"
    return sa.create_engine(url, connect_args={"connect_timeout": PATIENCE, "options": limits})


def prepare(engine: sa.Engine) -> None:
    """Create the table if missing, atomically, even if other processes do so at the same time."""
    if sa.inspect(engine).has_table(runs.name):
        return
    lock = "BEGIN IMMEDIATE" if engine.dialect.name == "sqlite" else "SELECT pg_advisory_xact_lock(6071986)"
    with engine.begin() as connection:
        connection.exec_driver_sql(lock)
        metadata.create_all(connection)


def upsert(dialect: str) -> sa.Insert:
    """Build an insert that replaces the row of the same run."""
    insert = sqlite.insert(runs) if dialect == "sqlite" else _postgresql_insert()
    replaced = {each.name: insert.excluded[each.name] for each in runs.columns if each.name not in KEY}
    return insert.on_conflict_do_update(index_elements=list(KEY), set_=replaced)


def _postgresql_insert() -> Any:
    # slow, and the table is in a file unless $MIDNIGHT_DATABASE is set
    from sqlalchemy.dialects import postgresql

    return postgresql.insert(runs)
