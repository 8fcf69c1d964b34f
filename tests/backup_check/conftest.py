"""A production of the tests' own with a heartbeat, and its backups of every kind."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from chaos.errors import ToolMissing
from chaos.tools import postgresql
from tests.backup_check.production import Production
from tests.backup_check.restoring import Restoring
from tests.postgres.conftest import installation, servers
from tests.postgres.servers import Servers

__all__ = ["installation", "servers"]


@pytest.fixture(scope="module")
def production(servers: Servers) -> Production:
    return Production(servers)


@pytest.fixture(scope="module")
def older_servers() -> Iterator[Servers]:
    """Of PostgreSQL 15; skipped where it is not installed."""
    try:
        servers = Servers(postgresql.installation_of(15))
    except ToolMissing as missing:
        pytest.skip(str(missing))
    yield servers
    servers.remove()


@pytest.fixture
def restoring(own_place: Path) -> Restoring:
    return Restoring(own_place)
