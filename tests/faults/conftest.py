"""One Toxiproxy server, and one PostgreSQL server behind a proxy of it: somebody else's, as far as a fault knows."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from chaos.plugin.handles import Database, Handles, Proxy
from chaos.postgres import Cluster
from chaos.toxiproxy import Toxiproxy
from tests.attach.conftest import service
from tests.postgres.conftest import installation
from tests.postgres.conftest import servers as postgres_servers
from tests.postgres.servers import Servers, dsn
from tests.proxying import toxiproxy_server

__all__ = ["installation", "postgres_servers", "service"]


@pytest.fixture(scope="module")
def toxiproxy() -> Iterator[Toxiproxy]:
    with toxiproxy_server() as server:
        yield server


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
