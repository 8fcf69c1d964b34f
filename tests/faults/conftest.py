"""One Toxiproxy server, and one PostgreSQL server behind a proxy of it: somebody else's, as far as a fault knows."""

from __future__ import annotations

import secrets
import subprocess
from collections.abc import Iterator

import pytest

from chaos.handles import Database, Handles, Proxy
from chaos.host.ports import free_port
from chaos.host.processes import spawn, stop_marked
from chaos.postgres import Cluster
from chaos.tools import toxiproxy as tool
from chaos.toxiproxy import Toxiproxy
from tests.postgres.conftest import installation
from tests.postgres.conftest import servers as postgres_servers
from tests.postgres.servers import Servers, dsn
from tests.waiting import wait_until_listening

__all__ = ["installation", "postgres_servers"]


@pytest.fixture(scope="module")
def toxiproxy() -> Iterator[Toxiproxy]:
    mark, port = f"test-{secrets.token_hex(4)}", free_port()
    spawn(
        [tool.find_binary(), "-host", "127.0.0.1", "-port", str(port)], mark=mark, stdout=subprocess.DEVNULL
    )
    wait_until_listening(port)
    yield Toxiproxy(f"http://127.0.0.1:{port}")
    stop_marked(mark, grace=5)


@pytest.fixture(scope="module")
def primary(postgres_servers: Servers) -> Cluster:
    return postgres_servers.primary()[0]


@pytest.fixture
def handles(toxiproxy: Toxiproxy, primary: Cluster) -> Iterator[Handles]:
    info = toxiproxy.create("database", "127.0.0.1:0", f"127.0.0.1:{primary.port}")
    proxy = Proxy(toxiproxy.url, "database", info.listen, info.upstream)
    straight = dsn(primary)
    roles = {"api": straight, "crowd": straight}
    yield Handles(
        base_url="http://127.0.0.1:9",
        databases={"primary": Database(straight, roles, info.listen, ours=False)},
        proxies={"database": proxy},
    )
    toxiproxy.delete("database")
