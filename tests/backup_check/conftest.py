"""A production of the tests' own with a heartbeat, and its backups of every kind."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.backup_check.production import Production
from tests.backup_check.restoring import Restoring
from tests.postgres.conftest import installation, servers
from tests.postgres.servers import Servers

__all__ = ["installation", "servers"]


@pytest.fixture(scope="module")
def production(servers: Servers) -> Production:
    return Production(servers)


@pytest.fixture
def restoring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Restoring:
    return Restoring(tmp_path, monkeypatch)
