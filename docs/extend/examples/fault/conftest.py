"""What the contract suite breaks: a table on a PostgreSQL server that is thrown away afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from chaos.contract.postgres import midnight_postgres
from chaos.plugin import Database, Handles

__all__ = ["midnight_postgres"]


@pytest.fixture
def midnight_handles(midnight_postgres: Database) -> Iterator[Handles]:
    """A table of the service, which signs in with a role of its own."""
    # a lock that a broken undo has left must not hold up the tests
    patient = {"autocommit": True, "options": "-c lock_timeout=10s"}
    with psycopg.connect(midnight_postgres.dsns["api"], **patient) as service:
        service.execute("DROP TABLE IF EXISTS stock")
        service.execute("CREATE TABLE stock (n int)")
        yield Handles(databases={"primary": midnight_postgres})
        service.execute("DROP TABLE stock")


@pytest.fixture
def midnight_params() -> dict[str, Any]:
    return {"table": "stock"}
