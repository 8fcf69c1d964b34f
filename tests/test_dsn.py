"""A connection string is taken apart with certainty or refused, and what is refused is not shown."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg.conninfo import make_conninfo

from chaos.access import dsn
from chaos.access.dsn import Uncertain

WHOLE = {"host": "db.example", "port": "5433", "user": "shop", "dbname": "orders"}


@pytest.mark.parametrize(
    "text",
    [
        "host=db.example port=5433 user=shop dbname=orders password=Pa_55",
        "  host = 'db.example' port=5433 user=shop dbname=orders password='Pa_55' ",
        "postgresql://shop:Pa_55@db.example:5433/orders",
        "postgres://shop:Pa_55@db.example:5433/orders?",
        "postgresql://shop@db.example:5433/orders?password=Pa_55",
        "postgresql:///orders?host=db.example&port=5433&user=shop&password=Pa_55",
        "postgresql+psycopg://shop:Pa_55@db.example:5433/orders",
        "postgresql+asyncpg://shop:Pa_55@db.example:5433/orders?prepared_statement_cache_size=0",
        "jdbc:postgresql://db.example:5433/orders?user=shop&password=Pa_55&currentSchema=shop",
        "postgresql://shop:Pa_55@db.example:5433/orders?schema=public&connection_limit=5&pool_timeout=10",
    ],
    ids=["keywords", "quoted", "URL", "short scheme", "in the query", "all in the query", "SQLAlchemy", "asyncpg",
         "JDBC", "Prisma"],
)  # fmt: skip
def test_a_connection_string_of_any_program_becomes_its_libpq_equivalent(text: str) -> None:
    found = dsn.parse(text)
    assert (dict(found.options), found.password) == (WHOLE, "Pa_55")
    assert {"shop", "Pa_55"} <= set(found.secret)
    assert "Pa_55" not in repr(found)


@pytest.mark.parametrize(
    ("text", "mode"),
    [
        ("postgresql://h/d?sslmode=verify-full", "verify-full"),
        ("postgresql+asyncpg://h/d?ssl=require", "require"),
        ("postgresql://h/d?ssl=true", "require"),
        ("jdbc:postgresql://h/d?ssl=true", "verify-full"),
        ("jdbc:postgresql://h/d?ssl=false", None),
    ],
)
def test_tls_options_of_other_programs_become_libpqs_sslmode(text: str, mode: str | None) -> None:
    assert dsn.parse(text).options.get("sslmode") == mode


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("postgresql://shop:Pa@55word@h/d", "write @ as %40"),
        ("postgresql://shop:Pa/55word@h/d", "write @ as %40"),
        ("postgresql://shop:12/55word@h/d", "write @ as %40"),
        ("postgresql://shop:12?a=55word@h/d", "write @ as %40"),
        ("postgresql://shop:Pa#55word@h/d", "write @ as %40"),
        ("postgresql://shop:Pa%55%word@h/d", "write @ as %40"),
        ("postgresql://shop:Pa 55word@h/d", "write @ as %40"),
        ("postgresql://shop:Pa55word@[::1/d", "write @ as %40"),
        ("postgresql://shop:Pa%FF55word@h/d", "write @ as %40"),
        ("postgresql://shop@h/d?user=Pa55word", "write @ as %40"),
        ("postgresql+psycopg2://shop:Pa@55word@h/d", "write @ as %40"),
        ("jdbc:postgresql://shop:Pa55word@h/d", "write @ as %40"),
        ("jdbc:postgresql://h/d?user=shop&password=Pa&55word=x", "write an & within a value as %26"),
        ("host=h password=Pa 55word", "each part once"),
        ("host=h password=Pa host=55word", "each part once"),
        ("host=h password='Pa'55word user=x", "each part once"),
        ("host=h@55word password=Pa", "each part once"),
        ("mysql://shop:Pa55word@h/d", "is not a PostgreSQL connection string: write postgresql://"),
        ("Pa55word", "is not a PostgreSQL connection string: write postgresql://"),
    ],
)
def test_an_ambiguous_string_is_refused_with_a_remedy_and_not_shown(text: str, rule: str) -> None:
    with pytest.raises(Uncertain) as refused:
        dsn.parse(text)
    assert rule in str(refused.value)
    assert "\n" not in str(refused.value) and "55word" not in str(refused.value)


PASSWORDS = st.text(
    st.sampled_from("aB3xyZ@:/%?#&= '\"\\+äß;,[]") | st.characters(categories=["L", "N", "P", "S"]),
    min_size=1,
    max_size=24,
)


@given(PASSWORDS)
def test_a_password_written_by_the_rules_is_read_back_in_every_form(password: str) -> None:
    encoded = quote(password, safe="")
    for text in (
        make_conninfo(host="h", user="u", password=password),
        f"postgresql://u:{encoded}@h/d",
        f"postgresql+psycopg://u:{encoded}@h/d",
        f"jdbc:postgresql://h/d?user=u&password={encoded}",
        f"postgresql://u:{encoded}@h/d?schema=public&connection_limit=5",
    ):
        found = dsn.parse(text)
        assert (found.password, found.options["host"], found.options["user"]) == (password, "h", "u")


@given(PASSWORDS, st.sampled_from(["postgresql://u:{}@h/d", "postgresql+psycopg://u:{}@h/d?schema=x"]))
def test_a_password_written_literally_is_read_whole_or_not_at_all(password: str, form: str) -> None:
    """Never cut: what is taken for the password is what stood there, and the host is the host."""
    try:
        found = dsn.parse(form.format(password))
    except Uncertain:
        return
    assert found.options["host"] == "h"
    assert password in found.secret
