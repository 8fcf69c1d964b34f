"""Create the database for a dump like the dumped one, as far as this machine can."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import psycopg
from psycopg import sql

from chaos.backup_check.scratch import Scratch

_LOCALES = (
    "LOCALE_PROVIDER",
    "LOCALE",
    "LC_COLLATE",
    "LC_CTYPE",
    "ICU_LOCALE",
    "ICU_RULES",
    "BUILTIN_LOCALE",
)


@dataclass(frozen=True, slots=True)
class Made:
    """The databases created by midnight; `without`: the locale that one of them should have had."""

    names: frozenset[str]
    without: str = ""


def create(scratch: Scratch, name: str | None, asked: Mapping[str, str], tablespaces: Iterable[str]) -> Made:
    """Create the database (None: the dump creates its own), and tablespaces within the data directory."""
    with psycopg.connect(scratch.dsn("template1"), autocommit=True) as connection:
        for tablespace in tablespaces:
            connection.execute("SET allow_in_place_tablespaces = on")
            connection.execute(sql.SQL("CREATE TABLESPACE {} LOCATION ''").format(sql.Identifier(tablespace)))
        if name is None or (name == "postgres" and not asked):
            return Made(frozenset())
        if name == "postgres":  # it has the cluster's own encoding, and no one is connected to it yet
            connection.execute("DROP DATABASE postgres")
        try:
            connection.execute(_statement(name, asked))
        except psycopg.Error:
            # The locale or provider is missing here: with C, everything that does not depend on it can be loaded.
            rest = {key: value for key, value in asked.items() if key not in _LOCALES}
            connection.execute(_statement(name, {**rest, "LOCALE": "'C'"}))
            said = [asked[key].strip("'") for key in _LOCALES[1:] if key in asked]
            return Made(frozenset({name}), said[0] if said else asked.get("LOCALE_PROVIDER", ""))
    return Made(frozenset({name}))


def _statement(name: str, asked: Mapping[str, str]) -> bytes:
    # The values are as the dump quotes them.
    options = "".join(f" {key} = {value}" for key, value in asked.items())
    locale = "" if any(key in _LOCALES for key in asked) else " LOCALE = 'C'"
    made = sql.SQL("CREATE DATABASE {} TEMPLATE = template0").format(sql.Identifier(name))
    return made.as_bytes() + f"{options}{locale}".encode()
