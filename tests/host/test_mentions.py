"""Hosts are found in settings of every kind, and no other word is taken for one."""

from __future__ import annotations

import pytest

from chaos.host.mentions import hosts_in, of_variables, of_words


@pytest.mark.parametrize(
    ("text", "hosts"),
    [
        ("postgresql://u:p@db:5432/x", {("db", 5432)}),
        ("postgresql+psycopg://u:p@db/x", {("db", None)}),
        ("jdbc:postgresql://db:5432/x?user=u", {("db", 5432)}),
        ("postgres://u:p%40ss@db1:1,db2:2/x", {("db1", 1), ("db2", 2)}),
        ("postgres:///x?host=db", {("db", None)}),
        ("mysql+aiomysql://u:p@maria-db.internal:3306/x", {("maria-db.internal", 3306)}),
        ("u:p@tcp(db:3306)/x?parseTime=true", {("db", 3306)}),
        ("redis://:secret@redis:6379/1", {("redis", 6379)}),
        ("host=db port=5432 password='x y'", {("db", None)}),
        ("Server=db;Port=5432;Database=x", {("db", None)}),
        ("Data Source=tcp:db,1433;", {("db", None)}),
        ("http://[::1]:80/", {("::1", 80)}),
        ("wait-for-it db:5432 -- run", {("db", 5432)}),
        ("pg_isready -h db -U x", {("db", None)}),
        ("run --db-host=db --cache-host redis", {("db", None), ("redis", None)}),
        ("${DATABASE_URL:-postgres://u:p@db:5432/x}", {("db", 5432)}),
        ("true", set()),
        ("production", set()),
        ("a=1, b=2", set()),
    ],
)
def test_in_a_text(text: str, hosts: set[tuple[str, int | None]]) -> None:
    assert hosts_in(text) == hosts


def test_a_password_with_an_unquoted_at_sign_hides_no_host() -> None:
    assert ("db", 5432) in hosts_in("postgresql://u:p@ss@db:5432/x")
    assert ("db", 5432) in hosts_in("postgresql://u:p@s/s@db:5432/x")


def test_a_plain_word_is_a_host_where_its_variable_is_not_the_name_of_something_else() -> None:
    told = {
        "DB_HOST": "db",
        "DB_PORT": "5433",
        "PGHOST": "pg",
        "db_host": "low",
        "db_port": "1",
        "DB_NAME": "db",
        "POSTGRES_DB": "db",
        "DB_USER": "db",
        "DB_TYPE": "postgres",
        "COUNT": "12",
        "UNSET": "",
        "CACHE": "${CACHE_HOST:-redis}",
    }
    assert dict((variable, address) for address, variable in of_variables(told)) == {
        "DB_HOST": ("db", 5433),
        "PGHOST": ("pg", None),
        "db_host": ("low", 1),
        "CACHE": ("redis", None),
    }


def test_words_of_a_command_line_are_read_together() -> None:
    assert of_words(["CMD", "pg_isready", "-h", "db", "-p", "5432"]) == {("db", None)}
