"""A question in SQL is answered with one exact value, and changes nothing, whatever it says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from chaos.errors import MidnightError
from chaos.postgres import Cluster, one_value
from chaos.postgres.connection import StatementRefused, Unanswered
from tests.postgres.servers import Servers, ask, dsn

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def primary(servers: Servers) -> Cluster:
    return servers.primary()[0]


@pytest.fixture
def stock(primary: Cluster) -> Iterator[str]:
    with psycopg.connect(dsn(primary), autocommit=True) as admin:
        admin.execute(
            "create table if not exists stock (n int); truncate stock; insert into stock values (3), (4)"
        )
        yield dsn(primary)
        admin.execute("drop table stock")


@pytest.mark.parametrize(
    ("statement", "value"),
    [
        ("select sum(n) from stock", 7),
        ("select count(*) from stock where n > 3", 1),
        ("select 0.1::numeric + 0.2", 0.3),
        ("select 12345678901234567890.123", "12345678901234567890.123"),
        ("select 1.50::numeric", 1.5),
        ("select 'NaN'::numeric", "NaN"),
        ("select true", True),
        ("select null", None),
        ("select 'like%' where 'a' like '%a%'", "like%"),
        ("with all_of as (table stock) select max(n) from all_of", 4),
        ("show transaction_read_only", "on"),
    ],
)
def test_each_kind_of_value_is_exact(stock: str, statement: str, value: Any) -> None:
    found = one_value.read(stock, statement, 5.0)
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    "statement",
    [
        "with gone as (delete from stock returning n) select count(*) from gone",
        "select 1; delete from stock",
        "select 1; commit; delete from stock",
        "select set_config('transaction_read_only', 'off', false)",
        "select lo_create(424242)",
    ],
)
def test_a_question_changes_nothing(stock: str, primary: Cluster, statement: str) -> None:
    with pytest.raises(StatementRefused):
        one_value.read(stock, statement, 5.0)
    assert ask(primary, "select sum(n) from stock") == 7


@pytest.mark.parametrize("statement", ["table stock", "select 1, 2", "select 1 where false"])
def test_more_or_less_than_one_value_is_no_answer(stock: str, statement: str) -> None:
    with pytest.raises(MidnightError, match="must give one row with one column"):
        one_value.read(stock, statement, 5.0)


def test_a_question_that_takes_too_long_is_given_up(stock: str) -> None:
    with pytest.raises((StatementRefused, Unanswered)):
        one_value.read(stock, "select pg_sleep(60)", 0.3)
