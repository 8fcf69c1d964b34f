"""What the tests of PostgreSQL share: a place, the programs, and servers that are gone when a module ends."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from chaos.host.privileges import unprivileged_user
from chaos.postgres import Installation
from chaos.tools import postgresql
from tests.postgres.archived import History
from tests.postgres.servers import Servers


@pytest.fixture(scope="session")
def installation() -> Iterator[Installation]:
    # Not pytest's own directories: the user PostgreSQL runs as may not enter root's.
    runtime = Path(tempfile.mkdtemp(prefix="midnight-programs-"))
    runtime.chmod(0o755)
    yield postgresql.installation().reachable_by(unprivileged_user(), runtime)
    shutil.rmtree(runtime)


@pytest.fixture(scope="module")
def servers(installation: Installation) -> Iterator[Servers]:
    servers = Servers(installation)
    yield servers
    servers.remove()


@pytest.fixture(scope="module")
def history(servers: Servers) -> History:
    return History(servers)
