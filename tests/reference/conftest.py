"""One PostgreSQL and one Toxiproxy for all tests of the stack; a running stack for each profile."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from chaos.postgres import Cluster, Installation
from chaos.toxiproxy import Toxiproxy
from tests.postgres.conftest import installation
from tests.postgres.servers import Servers
from tests.proxying import toxiproxy_server
from tests.reference.stack import Stack, profile, stack

__all__ = ["installation"]


@pytest.fixture(scope="package")
def cluster(installation: Installation) -> Iterator[Cluster]:
    servers = Servers(installation)
    yield servers.primary()[0]
    servers.remove()


@pytest.fixture(scope="package")
def proxies() -> Iterator[Toxiproxy]:
    with toxiproxy_server() as running:
        yield running


@pytest.fixture(scope="module", params=[pytest.param("fragile", marks=pytest.mark.full), "hardened"])
def either(request: pytest.FixtureRequest, cluster: Cluster, proxies: Toxiproxy) -> Iterator[Stack]:
    with stack(profile(request.param), cluster, proxies) as running:
        yield running
