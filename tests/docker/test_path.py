"""Which connections of a proxy in a container are those of the service's containers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from docker import DockerClient

from chaos import path
from chaos.faults.shared import containers
from chaos.host.processes import ref_of
from chaos.path import Account, Service, Watch
from chaos.plugin.handles import EngineAt
from chaos.toxiproxy import Toxiproxy
from tests.docker.conftest import bearing
from tests.docker.street import Street

pytestmark = [pytest.mark.real, pytest.mark.wide]


@pytest.fixture
def street(client: DockerClient, engine_at: EngineAt, named: list[str]) -> Iterator[Street]:
    made = Street(client, engine_at)
    named.append(made.name)
    yield made
    made.remove()


def test_connections_are_attributed_to_their_containers_and_their_answers_timed(
    street: Street, client: DockerClient
) -> None:
    api = street.clients("api", "proxy:5432", 3, every=0.1)
    street.clients("worker", "proxy:5432", 2)
    past = street.clients("past", "database:5432", 2)
    Toxiproxy(street.proxy.api).add_toxic("database", "slow", "latency", "downstream", {"latency": 200})
    before, mark = bearing(street.name, client), f"{street.name}/watch"
    with Watch(street.proxy, Service(containers=(api,)), mark=mark, server=street.server) as watch:
        look, account = watch.look(), Account(watch)
        assert containers.until(lambda: len(account.seen().waits) > 2, 60.0)
        waits = account.seen().waits
        account.close()
    assert len(look.own) == 3 and list(look.others.values()) == [2]
    assert min(waits) > 0.15
    with Watch(street.proxy, Service(containers=(past,)), mark=mark, server=street.server) as watch:
        assert watch.look().own == {}
    going_past = path.callers(street.database, 5432, mark)
    assert {at: going_past[at] for at in path.addresses(past, street.database)}.popitem()[1] == 2
    assert bearing(street.name, client) == before


def test_a_container_that_shares_the_proxys_network_is_seen_too(street: Street) -> None:
    api = street.clients("api", "127.0.0.1:5432", 2, network_mode=f"container:{street.server.id}")
    mark = f"{street.name}/watch"
    with Watch(street.proxy, Service(containers=(api,)), mark=mark, server=street.server) as watch:
        assert len(watch.look().own) == 2


def test_a_process_of_this_machine_reaches_a_proxy_in_a_container_by_its_published_port(
    street: Street, client: DockerClient
) -> None:
    from tests.path.holder import Holder

    address = client.containers.get(street.server.id).attrs["NetworkSettings"]["Networks"][street.name]
    at = f"{address['IPAddress']}:5432"
    holder = Holder.start(at, 2)
    try:
        service = Service((ref_of(holder.pid),))
        mark = f"{street.name}/watch"
        with Watch(street.proxy, service, mark=mark, server=street.server, reached_at=[at]) as watch:
            assert len(watch.look().own) == 2
    finally:
        holder.stop()
