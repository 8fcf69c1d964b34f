"""One PostgreSQL and one Toxiproxy for all tests of the stack; a running stack for each profile."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from chaos.postgres import Cluster
from chaos.toxiproxy import Toxiproxy
from tests.reference.stack import Stack, place, postgres, profile, stack, toxiproxy


@pytest.fixture(scope="package")
def cluster() -> Iterator[Cluster]:
    with place() as directory, postgres(directory) as running:
        yield running


@pytest.fixture(scope="package")
def proxies() -> Iterator[Toxiproxy]:
    with toxiproxy() as running:
        yield running


@pytest.fixture(scope="module", params=[pytest.param("fragile", marks=pytest.mark.full), "hardened"])
def either(request: pytest.FixtureRequest, cluster: Cluster, proxies: Toxiproxy) -> Iterator[Stack]:
    with stack(profile(request.param), cluster, proxies) as running:
        yield running
