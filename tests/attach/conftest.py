"""A service that midnight did not start, and a database with a proxy before it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from chaos.postgres import Cluster
from chaos.toxiproxy import Toxiproxy
from tests.attach.refusing import SECRET
from tests.attach.service import Service
from tests.midnight import Midnight
from tests.postgres.conftest import installation, servers
from tests.postgres.servers import Servers, dsn
from tests.proxying import toxiproxy_server

__all__ = ["installation", "servers"]


@pytest.fixture
def service() -> Iterator[Service]:
    """A service that answers everything well, until told otherwise."""
    found = Service()
    found.start()
    yield found
    found.stop()


@pytest.fixture
def place(own_place: Path, monkeypatch: pytest.MonkeyPatch) -> Midnight:
    """Where the files of a test lie, with a secret in the environment."""
    monkeypatch.setenv("MINE", SECRET)
    return Midnight(own_place)


@pytest.fixture(scope="module")
def cluster(servers: Servers) -> Cluster:
    return servers.primary()[0]


@pytest.fixture(scope="module")
def toxiproxy(cluster: Cluster) -> Iterator[Toxiproxy]:
    """A Toxiproxy server whose proxy `mine` leads to the cluster."""
    with toxiproxy_server() as server:
        server.create("mine", "127.0.0.1:0", f"127.0.0.1:{cluster.port}")
        yield server


@pytest.fixture
def admin(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> str:
    """The administrator's connection string, which also stands in the environment."""
    found = dsn(cluster)
    monkeypatch.setenv("MINE_ADMIN", found)
    monkeypatch.setenv("MINE_API", found)
    return found
