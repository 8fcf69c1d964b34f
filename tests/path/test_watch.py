"""Which connections of a proxy are the service's own, and what became of them."""

from __future__ import annotations

import os

import pytest

from chaos import path
from chaos.host.processes import ref_of
from chaos.path import Account, Service, Unseen, Watch
from chaos.path.listeners import of_the_proxy
from chaos.plugin.handles import ContainerRef, EngineAt, Handles, ProcessRef, Proxy
from chaos.toxiproxy import Toxiproxy
from tests.path.conftest import Holders
from tests.path.holder import Holder

pytestmark = pytest.mark.real


def watched(proxy: Proxy, *services: Holder) -> Watch:
    return Watch(proxy, Service(tuple(ref_of(each.pid) for each in services)), mark="test/watch")


def test_the_services_connections_are_distinguished_from_others(proxy: Proxy, holders: Holders) -> None:
    service, _ = holders(proxy.listen, 3), holders(proxy.listen, 2)
    with watched(proxy, service) as watch:
        look = watch.look()
    assert len(look.own) == 3 and look.others == {"127.0.0.1": 2}


def test_a_service_that_bypasses_the_proxy_has_no_connection_and_its_way_is_reported(
    proxy: Proxy, echo: str, holders: Holders
) -> None:
    with watched(proxy, holders(echo, 4)) as watch:
        assert watch.look().own == {} and watch.past() == {echo: 4}


def test_connections_of_children_are_the_services_too(proxy: Proxy, holders: Holders) -> None:
    holders(proxy.listen, 2)  # a child of this very process
    with Watch(proxy, Service((ref_of(os.getpid()),)), mark="test/watch") as watch:
        assert len(watch.look().own) == 2


def test_answers_are_timed_on_the_services_own_connections(
    proxy: Proxy, toxiproxy: Toxiproxy, holders: Holders
) -> None:
    service, stranger = holders(proxy.listen, 3), holders(proxy.listen, 1)
    with watched(proxy, service) as watch:
        toxiproxy.add_toxic("database", "slow", "latency", "downstream", {"latency": 300})
        account = Account(watch)
        for each in (stranger, service):
            each.tell("ask 2 10")
        for each in (service, stranger):
            each.tell("answer 1 10")
        seen = account.seen()
        account.close()
    assert len(seen.fates) == 3 and seen.asked == 20
    assert len(seen.waits) >= 1 and min(seen.waits) > 0.25, seen


def test_bytes_that_a_black_hole_holds_are_the_services_own(
    proxy: Proxy, toxiproxy: Toxiproxy, holders: Holders
) -> None:
    service, stranger = holders(proxy.listen, 3), holders(proxy.listen, 1)
    with watched(proxy, service) as watch:
        toxiproxy.add_toxic("database", "hole", "timeout", "upstream", {"timeout": 0})
        account = Account(watch)
        stranger.tell("ask 1 10")
        assert account.seen().held == ()
        service.tell("ask 2 10")
        assert [each.unanswered for each in account.seen().held] == [10, 10]
        account.close()


def test_connections_closed_by_the_proxy_are_distinguished_from_those_the_service_closes(
    proxy: Proxy, toxiproxy: Toxiproxy, holders: Holders
) -> None:
    service = holders(proxy.listen, 3)
    with watched(proxy, service) as watch:
        account = Account(watch)
        service.tell("close 1 0")
        toxiproxy.disable("database")
        fates = account.seen().idle_before
        account.close()
    toxiproxy.enable("database")
    assert len(fates) == 3 and all(each.closed for each in fates)
    assert sum(each.closed_by_proxy for each in fates) == 2


def test_the_listener_at_the_url_is_the_service_if_the_target_names_no_process(
    proxy: Proxy, echo: str
) -> None:
    del proxy
    assert path.of(Handles(base_url=f"http://{echo}")) == Service((ref_of(os.getpid()),))


@pytest.mark.parametrize("url", ["", "http://192.0.2.1:80", "http://127.0.0.1:1"])
def test_a_service_that_cannot_be_found_is_unseen(url: str) -> None:
    with pytest.raises(Unseen):
        path.of(Handles(base_url=url))


def test_a_port_with_another_listener_is_not_the_proxys(
    proxy: Proxy, echo: str, toxiproxy: Toxiproxy
) -> None:
    its, others = (("127.0.0.1", int(at.rpartition(":")[2])) for at in (proxy.listen, echo))
    assert of_the_proxy(toxiproxy.url, {its, others}) == {its}


def test_a_service_that_cannot_be_watched_is_refused_with_the_reason(proxy: Proxy) -> None:
    gone = ProcessRef(1, 0.0)
    nowhere = ContainerRef(EngineAt("unix:///nonexistent.sock"), "0" * 64, "api")
    for service, because in (
        (Service((gone,)), "has ended"),
        (Service(containers=(nowhere,)), "nonexistent.sock"),
        (Service(), "names no process or container"),
    ):
        with pytest.raises(Unseen, match=because):
            Watch(proxy, service, mark="test/watch")
