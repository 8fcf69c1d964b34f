"""A PostgreSQL of your own, version 14 or newer: LOCK_TABLE_DSN is a superuser's connection string."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from chaos.plugin import Database, Handles

ADMIN = os.environ.get("LOCK_TABLE_DSN", "")


@pytest.fixture
def midnight_handles() -> Iterator[Handles]:
    """A database with a table, and the role of a service that uses it."""
    if not ADMIN:
        pytest.skip("LOCK_TABLE_DSN is not set")
    service = make_conninfo(ADMIN, user="shop", password="shop")
    with psycopg.connect(ADMIN, autocommit=True) as admin:
        admin.execute("CREATE ROLE shop LOGIN PASSWORD 'shop'")
        admin.execute("CREATE TABLE stock (n int)")
        admin.execute("GRANT ALL ON stock TO shop")
        yield Handles(databases={"primary": Database(ADMIN, {"api": service}, proxied="", ours=False)})
        admin.execute("DROP TABLE stock")
        admin.execute("DROP ROLE shop")


@pytest.fixture
def midnight_params() -> dict[str, Any]:
    return {"table": "stock"}
