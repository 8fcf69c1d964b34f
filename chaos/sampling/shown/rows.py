"""The rows of a query: each column is a series, with the row's other columns as its labels."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

import psycopg
from psycopg.conninfo import conninfo_to_dict

from chaos.errors import TargetError
from chaos.plugin.handles import GaugeSource
from chaos.postgres.connection import Connection, table_within
from chaos.sampling.shown import Unreadable, missing
from chaos.sampling.shown.documents import number
from chaos.spec.formulas import Selector, Series, Shown

DEADLINE = 2.0  # seconds, on the client side: a frozen server does not enforce its own
READ_ONLY = "-c default_transaction_read_only=on -c statement_timeout=2s"
CONSOLE = "pgbouncer"  # the database that is pgbouncer's console; it takes no options


class Rows:
    def __init__(self, names: Sequence[str], rows: Sequence[Sequence[str | None]]) -> None:
        self._names = list(names)
        self._rows = [dict(zip(names, row, strict=True)) for row in rows]

    def find(self, selector: Selector) -> Shown:
        assert isinstance(selector, Series)
        found = []
        for row in self._rows:
            labels = {name: value or "" for name, value in row.items()}
            value = number(row.get(selector.name))
            if value is not None and selector.fits(labels):
                found.append((labels, value))
        return found

    def names(self) -> list[str]:
        return self._names

    def why_not(self, selector: Selector, *, counts: bool) -> str:
        del counts
        assert isinstance(selector, Series)
        if selector.name not in self._names:
            return missing(selector.name, self._names).replace("nothing there", "no column")
        if not self._rows:
            return "the query has no row"
        if self.find(selector):
            return ""
        if selector.matchers and self.find(Series(selector.name)):
            return f"no row has such values: {', '.join(str(row) for row in self._rows[:3])}"
        return f"column {selector.name} is not a number: {self._rows[0][selector.name]!r}"


class RowsReader:
    """One connection, opened on demand and dropped if it does not answer; it can change nothing."""

    def __init__(self, source: GaugeSource) -> None:
        self._dsn, self._query = source.dsn, source.query
        self._connection: Connection | None = None

    def read(self) -> Rows:
        try:
            if self._connection is None or self._connection.closed:
                self._connection = self._connect()
            return Rows(*table_within(self._connection, self._query, DEADLINE))
        except (psycopg.Error, TargetError) as error:
            self.close()
            raise Unreadable(str(error).strip()) from None

    def close(self) -> None:
        if self._connection is not None:
            with suppress(psycopg.Error):
                self._connection.close()
            self._connection = None

    def _connect(self) -> Connection:
        given = conninfo_to_dict(self._dsn)
        options = f"{given.get('options') or ''} {READ_ONLY}".strip()
        if given.get("dbname") == CONSOLE:
            return psycopg.connect(self._dsn, autocommit=True, connect_timeout=2)
        return psycopg.connect(
            self._dsn, autocommit=True, connect_timeout=2, options=options, application_name="midnight"
        )
