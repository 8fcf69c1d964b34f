"""How much came back: databases, tables, and whether any table has a row."""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg import sql

from chaos.backup_check.scratch import MAINTENANCE, Scratch
from chaos.record.event import NOW
from chaos.record.events import ContentsCounted

_DATABASES = "SELECT datname FROM pg_database WHERE datallowconn AND NOT datistemplate ORDER BY datname"
_TABLES = """
    SELECT n.nspname, c.relname
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind IN ('r', 'p') AND n.nspname NOT IN ('pg_catalog', 'information_schema')
       AND n.nspname !~ '^pg_(toast|temp)'
     ORDER BY pg_relation_size(c.oid) DESC"""
_WITHOUT_FILE = """
    SELECT c.oid::regclass::text FROM pg_class c
     WHERE pg_relation_filepath(c.oid) IS NOT NULL AND c.relpersistence = 'p'
       AND (pg_stat_file(pg_relation_filepath(c.oid), true)).size IS NULL
     ORDER BY 1 LIMIT 4"""
_LARGE_OBJECTS = "SELECT EXISTS (SELECT FROM pg_largeobject_metadata)"
_LOOK = "10s"  # per table; one without a row found by then is damaged or huge, not empty


def count(scratch: Scratch) -> ContentsCounted:
    """`tables` by database, `rows`: True if there are any, large objects included, and `lost`: relations whose files
    are missing, and databases that cannot be opened.
    """
    tables: dict[str, int] = {}
    rows, lost = False, list[str]()
    with psycopg.connect(scratch.dsn(MAINTENANCE), autocommit=True) as connection:
        databases = [str(name) for (name,) in connection.execute(_DATABASES)]
    for database in databases:
        limits = (f"statement_timeout={_LOOK}", "default_transaction_read_only=on")
        try:
            connection = psycopg.connect(scratch.dsn(database, *limits), autocommit=True)
        except psycopg.OperationalError as error:
            lost.append(f"database {database} ({str(error).strip().splitlines()[-1]})")
            continue
        with connection:
            found = connection.execute(_TABLES).fetchall()
            lost += [f"{name} (database {database})" for (name,) in connection.execute(_WITHOUT_FILE)]
            if found:
                tables[database] = len(found)
            rows = rows or any(_holds(connection, schema, name) for schema, name in found)
            if not rows:
                (rows,) = connection.execute(_LARGE_OBJECTS).fetchone() or (False,)
    return ContentsCounted(NOW, tables=tables, rows=rows, lost=tuple(lost))


def _holds(connection: psycopg.Connection[Any], schema: str, name: str) -> bool:
    try:
        query = sql.SQL("SELECT EXISTS (SELECT FROM ONLY {})").format(sql.Identifier(schema, name))
        (found,) = connection.execute(query).fetchone() or (False,)
    except psycopg.Error:
        return True  # the queries and amcheck report what is wrong with it
    return bool(found)
