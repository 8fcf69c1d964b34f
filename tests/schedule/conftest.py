"""A real PostgreSQL for schedulers that share a database."""

from __future__ import annotations

from tests.postgres.conftest import installation, servers

__all__ = ["installation", "servers"]
