"""A service that midnight did not start, and a database with a proxy before it."""

from __future__ import annotations

import secrets
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from psycopg.conninfo import make_conninfo

from chaos.host.ports import free_port
from chaos.host.privileges import unprivileged_user
from chaos.postgres import Cluster
from chaos.tools import postgresql
from chaos.toxiproxy import Toxiproxy
from tests.attach.service import Service
from tests.proxying import toxiproxy_server

PASSWORD = "p:w'\\ of the house"


@pytest.fixture
def service() -> Iterator[Service]:
    """A service that answers everything well, until told otherwise."""
    found = Service()
    found.start()
    yield found
    found.stop()


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    # Not pytest's tmp_path: the user PostgreSQL runs as may not enter root's directories.
    place = Path(tempfile.mkdtemp(prefix="midnight-test-"))
    place.chmod(0o755)
    name, user = f"test-{secrets.token_hex(4)}", unprivileged_user()
    installation = postgresql.installation().reachable_by(user, place)
    cluster = Cluster(installation, place / "data", free_port(), user=user, mark=name, log=place / "log")
    cluster.init(password=PASSWORD, settings={"max_connections": 20})
    cluster.start()
    yield cluster
    cluster.stop()
    shutil.rmtree(place)


@pytest.fixture(scope="module")
def toxiproxy(cluster: Cluster) -> Iterator[Toxiproxy]:
    """A Toxiproxy server whose proxy `mine` leads to the cluster."""
    with toxiproxy_server() as server:
        server.create("mine", "127.0.0.1:0", f"127.0.0.1:{cluster.port}")
        yield server


@pytest.fixture
def admin(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> str:
    """The administrator's connection string, which also stands in the environment."""
    dsn = make_conninfo(
        host="127.0.0.1", port=cluster.port, user="postgres", dbname="postgres", password=PASSWORD
    )
    monkeypatch.setenv("MINE_ADMIN", dsn)
    monkeypatch.setenv("MINE_API", dsn)
    return dsn
