"""Each example is installed once for the tests of a file."""

from __future__ import annotations

from tests.postgres.conftest import installation, servers

__all__ = ["installation", "servers"]
