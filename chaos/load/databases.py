"""Databases that are asked for keys: PostgreSQL, MySQL or MariaDB, SQLite, by the scheme of their connection string.

Statements are written with `%s` for the keys, as `= any(%s)` or `in (%s)`, and `%%` for a percent sign, whatever the
database.
"""

from __future__ import annotations

import os
import re
import socket
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import parse_qs, quote, unquote, urlsplit

import psycopg

from chaos.errors import UsageError

CONNECT_WITHIN = 5  # seconds
MYSQL = re.compile(r"(?i:mysql|mariadb)(?:\+\w+)?://")
SQLITE = re.compile(r"(?i:sqlite)(?:\+\w+)?:")
_EQUALS_ANY = re.compile(r"=\s*any\s*\(\s*%s\s*\)", re.IGNORECASE)
_IN = re.compile(r"\bin\s*(?:\(\s*%s\s*\)|%s)", re.IGNORECASE)
_EXTRA = "to read back from MySQL or MariaDB, type: pip install 'midnight-chaos[mysql]'"

Row = tuple[Any, ...]


class Passing(Exception):
    """The database did not answer now; the message says how."""


class Refusing(Exception):
    """The database refuses the statement or the connection, now and later."""


class Connected(Protocol):
    def rows(self, statement: str, keys: Sequence[str]) -> list[Row]:
        """The answer, from a read-only transaction of its own; for no key, none. Raises Passing, Refusing."""

    def close(self) -> None: ...


def connect(dsn: str, within: float) -> Connected:
    """Connect to a database, whose statements have `within` seconds each. Raises Passing, Refusing."""
    if SQLITE.match(dsn):
        return _Sqlite(sqlite_path(dsn), within)
    return _Mysql(dsn, within) if MYSQL.match(dsn) else _Postgres(dsn, within)


def check(dsn: str, statement: str, where: str) -> None:
    """Raises UsageError for a database that needs a package, or cannot be asked like this."""
    if MYSQL.match(dsn):
        try:
            import pymysql  # noqa: F401 (an extra)
        except ImportError:
            raise UsageError(f"{where}: {_EXTRA}") from None
    if (MYSQL.match(dsn) or SQLITE.match(dsn)) and not (
        _EQUALS_ANY.search(statement) or _IN.search(statement)
    ):
        raise UsageError(f"{where}: sql: must have its keys as = any(%s) or in (%s) for this database")


def sqlite_path(dsn: str) -> Path:
    """The file of `sqlite:///relative`, `sqlite:////absolute` or `sqlite:PATH`."""
    rest = SQLITE.sub("", dsn, count=1).partition("?")[0]
    return Path(unquote(rest[3:] if rest.startswith("///") else rest))


class _Postgres:
    def __init__(self, dsn: str, within: float) -> None:
        try:
            self._connection = psycopg.connect(dsn, connect_timeout=CONNECT_WITHIN, prepare_threshold=None)
        except psycopg.Error as error:
            raise _of_postgres(error) from None
        self._connection.read_only = True
        self._within = within

    def rows(self, statement: str, keys: Sequence[str]) -> list[Row]:
        text = _IN.sub("= any(%s)", statement)
        listed = (
            "{" + ",".join(f'"{_escaped(key)}"' for key in keys) + "}"
        )  # of no type: the column's decides
        try:
            with _cut_off(self._connection.fileno(), self._within + 1), self._connection.transaction():
                self._connection.execute(f"SET LOCAL statement_timeout = {self._within * 1000:.0f}")
                # With a parameter the statement goes by the extended protocol, which takes one statement only.
                return self._connection.execute(text, (listed,)).fetchall()
        except psycopg.Error as error:
            raise _of_postgres(error) from None

    def close(self) -> None:
        with suppress(psycopg.Error):
            self._connection.close()


def _of_postgres(error: psycopg.Error) -> Passing | Refusing:
    """Refusals have an SQLSTATE that will not change by waiting; of a failed sign-in, libpq gives none."""
    state = error.sqlstate or ""
    said = " ".join(str(error.diag.message_primary or error).split())
    refused = "authentication failed" in said or "does not exist" in said or "no password supplied" in said
    lasting = state[:2] in ("22", "25", "28", "42", "3D", "0A") or (not state and refused)
    return Refusing(said) if lasting else Passing(said)


def _escaped(key: str) -> str:
    return key.replace("\\", "\\\\").replace('"', '\\"').replace("\x00", "")


class _Mysql:
    def __init__(self, dsn: str, within: float) -> None:
        import pymysql

        self._errors = pymysql.err
        parts = urlsplit(dsn)
        sockets = parse_qs(parts.query).get("unix_socket", [None])
        try:
            self._connection = pymysql.connect(
                host=parts.hostname or "127.0.0.1",
                port=parts.port or 3306,
                user=unquote(parts.username or ""),
                password=unquote(parts.password or ""),
                database=unquote(parts.path.lstrip("/")) or None,
                unix_socket=sockets[0],
                charset="utf8mb4",
                connect_timeout=CONNECT_WITHIN,
                read_timeout=within + 1,
                write_timeout=within + 1,
            )
        except pymysql.Error as error:
            raise self._told(error) from None
        version = self._connection.get_server_info()  # type: ignore[no-untyped-call]
        self._limit = _limit_of(str(version), within)

    def rows(self, statement: str, keys: Sequence[str]) -> list[Row]:
        text = _with_marks(statement, "%s", len(keys) or 1)
        try:
            with self._connection.cursor() as cursor:
                cursor.execute(self._limit)
                cursor.execute("START TRANSACTION READ ONLY")
                try:
                    cursor.execute(text, tuple(keys) or (None,))
                    return list(cursor.fetchall())
                finally:
                    self._connection.rollback()
        except self._errors.Error as error:
            raise self._told(error) from None

    def close(self) -> None:
        with suppress(self._errors.Error):
            self._connection.close()

    def _told(self, error: Exception) -> Passing | Refusing:
        number, said = (*error.args, "", "")[:2]
        lasting = isinstance(error, self._errors.ProgrammingError) or number in _LASTING
        return Refusing(str(said)) if lasting else Passing(str(said or error))


_LASTING = (1044, 1045, 1049, 1054, 1064, 1142, 1143, 1146, 1698, 1792)
"""Numbers of MySQL's errors about rights, names and grammar."""


def _limit_of(version: str, within: float) -> str:
    if "MariaDB" in version:
        return f"SET SESSION max_statement_time = {within:.0f}"
    return f"SET SESSION max_execution_time = {within * 1000:.0f}"


class _Sqlite:
    def __init__(self, path: Path, within: float) -> None:
        self._path, self._within = path, within
        try:
            address = f"file:{quote(str(path))}?mode=ro"
            self._connection = sqlite3.connect(address, uri=True, timeout=within, isolation_level=None)
        except sqlite3.Error as error:
            raise Refusing(f"{path}: {error}") from None

    def rows(self, statement: str, keys: Sequence[str]) -> list[Row]:
        # A column without a type compares numbers with numbers only.
        values = [*keys, *(int(key) for key in keys if re.fullmatch(r"-?[1-9][0-9]{0,17}|0", key))]
        text = _with_marks(statement, "?", len(values) or 1).replace("%%", "%")
        deadline = time.monotonic() + self._within
        self._connection.set_progress_handler(lambda: time.monotonic() > deadline, 10_000)
        try:
            return self._connection.execute(text, values or [None]).fetchall()
        except sqlite3.OperationalError as error:
            passing = any(word in str(error) for word in ("locked", "busy", "interrupted"))
            raise (Passing if passing else Refusing)(f"{self._path}: {error}") from None
        except sqlite3.Error as error:
            raise Refusing(f"{self._path}: {error}") from None

    def close(self) -> None:
        self._connection.close()


def _with_marks(statement: str, mark: str, count: int) -> str:
    marks = f"in ({', '.join([mark] * count)})"
    return _EQUALS_ANY.sub(marks, statement) if _EQUALS_ANY.search(statement) else _IN.sub(marks, statement)


@contextmanager
def _cut_off(descriptor: int, seconds: float) -> Iterator[None]:
    """End what is inside after that time: a frozen server answers no timeout of its own."""
    with socket.socket(fileno=os.dup(descriptor)) as held:

        def cut() -> None:
            with suppress(OSError):
                held.shutdown(socket.SHUT_RDWR)

        timer = threading.Timer(seconds, cut)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
