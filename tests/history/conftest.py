"""A real PostgreSQL for the index."""

from __future__ import annotations

from tests.postgres.conftest import installation, servers

__all__ = ["installation", "servers"]
