"""What a refused statement means: nothing, something that this machine lacks, or a dump that is not whole."""

from __future__ import annotations

import pytest

from chaos.backup_check.dump_errors import Errors
from chaos.postgres.statement_errors import Refusal, refusals


def meaning(one: Refusal, *, server: int = 18, client: int | None = None, locale: str = "") -> str:
    errors = Errors(server, client, frozenset({"app", "postgres", "template1"}), locale)
    errors.add([one])
    found = [name for name in ("harmless", "roles", "lacking", "failed") if getattr(errors, name)]
    assert len(found) == 1
    return found[0]


def refused(state: str, message: str, statement: str = "") -> Refusal:
    return Refusal("app", state, message, statement=statement)


HARMLESS = [
    refused(
        "42704", 'unrecognized configuration parameter "transaction_timeout"', "SET transaction_timeout = 0;"
    ),
    refused(
        "42704", 'unrecognized configuration parameter "default_with_oids"', "SET default_with_oids = false;"
    ),
    refused("55006", "current user cannot be dropped", "DROP ROLE IF EXISTS postgres;"),
    refused(
        "42P01", 'relation "public.t" does not exist', "ALTER TABLE ONLY public.t DROP CONSTRAINT t_pkey;"
    ),
    refused("42P01", 'table "t" does not exist', "DROP TABLE public.t;"),
    refused("42704", "large object 16400 does not exist", "SELECT pg_catalog.lo_unlink('16400');"),
    refused("3D000", 'database "app" does not exist', "DROP DATABASE app;"),
    refused("42P04", 'database "app" already exists', "CREATE DATABASE app WITH TEMPLATE = template0;"),
    refused("42710", 'role "postgres" already exists', "CREATE ROLE postgres;"),
    refused("42P06", 'schema "public" already exists', "CREATE SCHEMA public;"),
    refused("42704", 'role "app" does not exist', "ALTER TABLE public.t OWNER TO app;"),
    refused("42704", 'role "reader" does not exist', "GRANT SELECT ON TABLE public.t TO reader;"),
    refused("42501", "must be owner of extension plpgsql", "COMMENT ON EXTENSION plpgsql IS 'x';"),
    refused(
        "58P01",
        'directory "/srv/ts" does not exist',
        "CREATE TABLESPACE ts OWNER postgres LOCATION '/srv/ts';",
    ),
    refused(
        "22023", 'invalid value for parameter "default_tablespace": "ts"', "SET default_tablespace = ts;"
    ),
    refused(
        "08006", 'subscription "s" could not connect to the publisher: refused', "CREATE SUBSCRIPTION s ..."
    ),
]
LACKING = [
    refused("0A000", 'extension "postgis" is not available', "CREATE EXTENSION IF NOT EXISTS postgis;"),
    refused("58P01", 'could not access file "$libdir/postgis-3": No such file', "CREATE FUNCTION f() ..."),
    refused("0A000", "ICU is not supported in this build", "CREATE COLLATION public.c (provider = icu);"),
    refused(
        "42809",
        'invalid LC_COLLATE locale name: "de_DE.UTF-8"',
        "CREATE DATABASE de WITH LOCALE = 'de_DE.UTF-8';",
    ),
    refused("0A000", "compression method lz4 not supported", "CREATE TABLE t (x text COMPRESSION lz4);"),
    refused("53100", "could not extend file: No space left on device", "COPY public.t FROM stdin;"),
    refused("42704", 'language "plpython3u" does not exist', "CREATE FUNCTION f() ..."),
    refused("42704", 'access method "columnar" does not exist', "CREATE TABLE t (x int) USING columnar;"),
]
FAILED = [
    refused("22P04", "missing data for column", "COPY public.t FROM stdin;"),
    refused(
        "23505",
        'could not create unique index "t_pkey"',
        "ALTER TABLE ONLY public.t ADD CONSTRAINT t_pkey ...",
    ),
    refused(
        "23503",
        'insert or update on table "child" violates foreign key',
        "ALTER TABLE ONLY child ADD CONSTRAINT",
    ),
    refused("42P07", 'relation "t" already exists', "CREATE TABLE public.t (x int);"),
    refused("42P04", 'database "other" already exists', "CREATE DATABASE other;"),
    refused("42P01", 'relation "public.gone" does not exist', "COPY public.gone FROM stdin;"),
    refused("42601", 'syntax error at or near "x"', "x;"),
]


@pytest.mark.parametrize("one", HARMLESS, ids=str)
def test_errors_that_every_new_server_reports_are_harmless(one: Refusal) -> None:
    assert meaning(one) == "harmless"


@pytest.mark.parametrize("one", LACKING, ids=str)
def test_an_object_missing_on_this_machine_says_nothing_about_the_dump(one: Refusal) -> None:
    assert meaning(one) == "lacking"


@pytest.mark.parametrize("one", FAILED, ids=str)
def test_an_object_missing_from_the_dump_fails(one: Refusal) -> None:
    assert meaning(one) == "failed"


def test_a_role_that_a_policy_names_is_made_and_the_policy_with_it() -> None:
    policy = refused(
        "42704", 'role "tenant" does not exist', "CREATE POLICY p ON public.t TO tenant USING (true);"
    )
    assert meaning(policy) == "roles"


def test_syntax_that_a_server_older_than_the_dump_does_not_know_is_its_age() -> None:
    newer = refused(
        "42601", 'syntax error at or near "VIRTUAL"', "CREATE TABLE t (x int GENERATED ALWAYS ..."
    )
    assert meaning(newer, server=15, client=18) == "lacking"
    assert meaning(newer, server=18, client=18) == "failed"


def test_a_row_that_sorts_otherwise_without_its_locale_is_not_a_fault_of_the_dump() -> None:
    row = refused(
        "23514", 'new row for relation "p1" violates partition constraint', "COPY public.p1 FROM stdin;"
    )
    assert meaning(row, locale="de_DE.UTF-8") == "lacking"
    assert meaning(row) == "failed"


def test_a_tools_own_errors_are_kept_apart_from_those_it_passes_on() -> None:
    errors = Errors(18, 18, frozenset())
    errors.add_tool(
        [
            'pg_restore: error: could not execute query: ERROR:  role "x" does not exist',
            "pg_restore: warning: errors ignored on restore: 3",
            "psql:<stdin>:5: error: invalid command \\restrict",
            'psql:<stdin>:7: ERROR:  relation "t" does not exist',
        ]
    )
    assert (errors.failed, errors.lacking) == ([], [])
    errors.add_tool(["pg_restore: error: unsupported version (1.16) in file header"])
    assert errors.lacking and not errors.failed
    errors.add_tool(["pg_restore: error: could not read from input file: end of file"])
    assert errors.failed == ["could not read from input file: end of file"]


LOG = """2026-01-01 00:00:00.000 UTC [7] LOG:  checkpoint starting: time
2026-01-01 00:00:01.000 UTC [9] postgres@app 42704 ERROR:  role "a" does not exist
2026-01-01 00:00:01.000 UTC [9] postgres@app 42704 STATEMENT:  CREATE POLICY p
\t    ON t TO a;
2026-01-01 00:00:02.000 UTC [8] postgres@app 23505 ERROR:  could not create unique index "i"
2026-01-01 00:00:02.000 UTC [9] postgres@app 00000 WARNING:  something
2026-01-01 00:00:02.000 UTC [8] postgres@app 23505 DETAIL:  Key (n)=(1) is duplicated.
2026-01-01 00:00:02.000 UTC [8] postgres@app 23505 STATEMENT:  CREATE UNIQUE INDEX i ON t (n);
2026-01-01 00:00:03.000 UTC [7] PANIC:  could not write
"""


def test_a_refusal_is_read_from_the_log_with_its_whole_statement() -> None:
    first, second = refusals(LOG)
    assert (first.state, first.statement) == ("42704", "CREATE POLICY p\n    ON t TO a;")
    assert (second.message, second.detail) == (
        'could not create unique index "i"',
        "Key (n)=(1) is duplicated.",
    )
    assert second.statement == "CREATE UNIQUE INDEX i ON t (n);"
