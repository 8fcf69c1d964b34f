"""What the cures are worth while a dependency fails, on the real parts."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress

import httpx
import psycopg
import pytest

from chaos.postgres import Cluster
from chaos.toxiproxy import Toxiproxy
from tests.reference.deaf_proxy import deaf_proxy
from tests.reference.offered_load import Outcome, offer, record
from tests.reference.stack import DOCUMENTS, ROLES, Stack, profile, stack
from tests.waiting import wait_until

pytestmark = [pytest.mark.real, pytest.mark.full]  # in short, the verdicts' tests show the same

DROP_SECONDS = 0.3


@pytest.fixture(scope="module")
def hardened(cluster: Cluster, proxies: Toxiproxy) -> Iterator[Stack]:
    with stack(profile("hardened"), cluster, proxies) as running:
        yield running


def drop(running: Stack) -> None:
    """Close all connections to the database and refuse new ones for a moment."""
    running.proxies.disable(running.database_proxy)
    threading.Event().wait(DROP_SECONDS)
    running.proxies.enable(running.database_proxy)


def offer_with_drop(running: Stack) -> list[Outcome]:
    """Forty requests a second; the connections are lost in the middle."""
    return offer(running.url, 40, 3.0, DOCUMENTS, {1.0: lambda: drop(running)})


def failed(outcomes: list[Outcome]) -> list[Outcome]:
    """Those that did not succeed."""
    return [outcome for outcome in outcomes if not outcome.good]


@contextmanager
def crowd(running: Stack, clients: int) -> Iterator[int]:
    """As many other clients as get in, of the number that try at once; gives how many got in."""
    dsn = psycopg.conninfo.make_conninfo(running.admin, **ROLES["crowd"], connect_timeout=10)
    with ExitStack() as held, ThreadPoolExecutor(clients) as pool:

        def enter() -> psycopg.Connection | None:
            with suppress(psycopg.OperationalError):
                return psycopg.connect(dsn)
            return None

        entered = [got for got in pool.map(lambda _: enter(), range(clients)) if got is not None]
        for connection in entered:
            held.callback(connection.close)
        yield len(entered)


@contextmanager
def silent_database(running: Stack) -> Iterator[None]:
    """The database takes what is sent, and no answer comes."""
    running.proxies.add_toxic(running.database_proxy, "silence", "timeout", "downstream", {"timeout": 0})
    try:
        yield
    finally:
        running.proxies.remove_toxic(running.database_proxy, "silence")


def test_hardened_survives_the_loss_of_its_connections_without_a_failure(hardened: Stack) -> None:
    assert failed(offer_with_drop(hardened)) == []
    assert hardened.gauge("reference_retries_total") > 0


def test_fragile_fails_requests_when_its_connections_are_lost(cluster: Cluster, proxies: Toxiproxy) -> None:
    with stack(profile("fragile"), cluster, proxies) as fragile:
        assert {hit.status for hit in failed(offer_with_drop(fragile))} == {503}


def test_hardened_keeps_its_slots_when_a_crowd_comes_while_it_reconnects(hardened: Stack) -> None:
    # Another profile's stack may have changed the roles of the cluster; preparing again is harmless.
    assert hardened.module("prepare").wait(30) == 0
    with crowd(hardened, 150) as entered:
        assert entered == 40
        assert failed(offer_with_drop(hardened)) == []


def test_a_silent_database_shows_in_the_pool_and_its_waiters_and_the_worker_survives(
    cluster: Cluster, proxies: Toxiproxy
) -> None:
    settings = profile("fragile")
    settings["api"] |= {"workers": 1, "pool_size": 2, "max_overflow": 1}
    with stack(settings, cluster, proxies) as running:
        assert offer(running.url, 100, 0.3, DOCUMENTS)[-1].good
        with ThreadPoolExecutor(10) as pool:
            with silent_database(running):
                asked = [pool.submit(running.http.get, "/api/documents/1") for _ in range(10)]
                wait_until(lambda: running.gauge("reference_pool_waiters") == 7, "seven wait")
                assert running.gauge("reference_pool_checked_out") == 3
                assert running.gauge("reference_in_flight") == 10
                assert running.http.get("/healthz").is_success, "waiting must not stop the worker"
            # Of the three that lost their connection each fails; those that waited get new ones.
            assert sorted(answer.result().status_code for answer in asked) == [200] * 7 + [503] * 3
        assert running.gauge("reference_pool_checked_out") == 0


def test_a_silent_database_costs_the_deadline_then_opens_the_breaker_which_closes_by_itself(
    cluster: Cluster, proxies: Toxiproxy
) -> None:
    settings = profile("hardened")
    settings["api"] |= {"workers": 1, "database_deadline": 0.5}
    settings["api"]["breaker"] = {"fail_max": 3, "reset_timeout": 0.2}
    with stack(settings, cluster, proxies) as running:
        with silent_database(running):
            said = [running.http.get("/api/documents/1") for _ in range(4)]
            assert [answer.status_code for answer in said] == [503] * 4
            assert ["no answer within 0.5 s" in answer.text for answer in said[:3]] == [True] * 3
            assert "circuit breaker" in said[3].text
            assert running.gauge("reference_breaker_state") == 2
            assert running.http.get("/api/documents/x").status_code == 404, "no database is asked for this"
        wait_until(lambda: running.http.get("/api/documents/1").is_success, "the database is tried again")
        assert running.gauge("reference_breaker_state") == 0


def test_a_record_whose_acknowledgement_was_lost_is_stored_once_and_acknowledged(
    cluster: Cluster, proxies: Toxiproxy
) -> None:
    settings = profile("hardened")
    settings["api"]["workers"] = 1
    with deaf_proxy(cluster.port) as proxy, stack(settings, cluster, proxies, proxy.port) as running:
        proxy.armed.set()
        answer = running.http.post("/api/records", json=record(77))
        assert proxy.swallowed.is_set()
        # Known, not created: the retry found what the first attempt had stored.
        assert answer.status_code == 200
        with psycopg.connect(running.admin) as admin:
            assert admin.execute("SELECT payload FROM records WHERE seq = 77").fetchall() == [("payload 77",)]


def test_the_models_failure_is_not_a_failure_of_the_database(hardened: Stack) -> None:
    hardened.proxies.disable(f"{hardened.mark}-model")
    refused = hardened.http.post("/api/complete", json={"prompt": "anyone there?"})
    hardened.proxies.enable(f"{hardened.mark}-model")
    assert (refused.status_code, refused.json()["message"].partition(":")[0]) == (503, "model")
    wait_until(lambda: _completes(hardened.http), "the model is asked again")


def _completes(http: httpx.Client) -> bool:
    return http.post("/api/complete", json={"prompt": "and now?"}).is_success
