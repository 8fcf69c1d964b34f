"""The leaks on a running stack: each route keeps its own, of each request, in the workers."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import psutil
import psycopg
import pytest

from chaos.faults.exhaust import Exhaust
from chaos.host import descriptors as descriptors_of
from chaos.host.processes import ref_of
from chaos.plugin.handles import Handles, LogFiles
from chaos.postgres import Cluster
from chaos.toxiproxy import Toxiproxy
from targets.reference.records import checksum
from tests.reference.stack import Stack, profile, stack
from tests.waiting import wait_until

pytestmark = pytest.mark.real

REQUESTS = 100
FIRST = 7_000_000  # a record that no other test writes
SESSIONS = (
    "SELECT count(*) FROM pg_stat_activity"
    " WHERE application_name = 'reference-api' AND state = 'idle in transaction'"
)


@pytest.fixture(scope="module")
def leaky(cluster: Cluster, proxies: Toxiproxy) -> Iterator[Stack]:
    with stack(profile("leaky"), cluster, proxies) as running:
        yield running


def workers(running: Stack) -> list[psutil.Process]:
    found = psutil.Process(running.processes[-1].pid).children()
    assert len(found) == 2
    return found


def descriptors(running: Stack) -> list[str]:
    """What the descriptors of all workers lead to."""
    places = [Path(f"/proc/{worker.pid}/fd") for worker in workers(running)]
    found = []
    for link in (link for place in places for link in place.iterdir()):
        with suppress(FileNotFoundError):  # closed meanwhile
            found.append(os.readlink(link))  # noqa: PTH115
    return found


def settled(running: Stack) -> list[str]:
    """The same, once no connection of a client is open any more."""
    port = running.ports["api"]

    def at_rest() -> bool:
        there = [each for worker in workers(running) for each in worker.net_connections("tcp")]
        return not any(each.laddr[1] == port and each.status != "LISTEN" for each in there)

    wait_until(at_rest, "no client is connected")
    return descriptors(running)


def get(running: Stack, number: int) -> None:
    path = f"/api/documents/{number}"
    assert running.http.get(path, headers={"Connection": "close"}).status_code == 200


def test_each_read_leaves_a_file_open(leaky: Stack) -> None:
    before = settled(leaky)
    for number in range(1, REQUESTS + 1):
        get(leaky, number)
    after = settled(leaky)
    logs = [each for each in after if each.endswith("/views.log")]
    assert len(logs) == REQUESTS
    opened = len(after) - len(before)
    assert REQUESTS <= opened <= REQUESTS + 2, (
        "besides, each worker has opened its connection to the database"
    )


def test_each_write_leaves_a_thread(leaky: Stack) -> None:
    before = [worker.num_threads() for worker in workers(leaky)]
    for seq in range(FIRST, FIRST + 30):
        row = {"seq": seq, "payload": "p", "checksum": checksum("p")}
        assert leaky.http.post("/api/records", json=row, headers={"Connection": "close"}).status_code == 201
    after = [worker.num_threads() for worker in workers(leaky)]
    assert sum(after) - sum(before) == 30


def test_each_completion_leaves_a_connection_a_context_and_a_model(leaky: Stack) -> None:
    settled(leaky)
    port = leaky.ports["through_model"]
    for _ in range(30):
        answer = leaky.http.post("/api/complete", json={"prompt": "what?"}, headers={"Connection": "close"})
        assert answer.status_code == 200
    there = [each for worker in workers(leaky) for each in worker.net_connections("tcp")]
    pooled = 2  # the client that serves all requests keeps one in each worker
    assert 30 < sum(bool(each.raddr) and each.raddr[1] == port for each in there) <= 30 + pooled
    assert leaky.gauge("reference_proxy_size") == 30
    assert leaky.gauge("reference_model_cache_entries") == 30
    assert leaky.gauge("reference_proxy_avg_ttl_seconds") > 0


def test_each_client_that_leaves_an_export_leaves_a_session(leaky: Stack) -> None:
    with psycopg.connect(leaky.admin, autocommit=True) as admin:

        def sessions() -> int:
            row = admin.execute(SESSIONS).fetchone()
            assert row is not None
            return int(row[0])

        before = sessions()
        for _ in range(3):
            with socket.socket() as client:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)  # most is still to be sent
                client.connect(("127.0.0.1", leaky.ports["api"]))
                client.sendall(b"GET /api/documents HTTP/1.0\r\n\r\n")
                assert client.recv(100)
        settled(leaky)
        wait_until(lambda: sessions() - before == 3, "three sessions are left")
        assert leaky.http.get("/api/documents").text.count("\n") == leaky.config["documents"]
        assert sessions() - before == 3, "a client that reads to the end leaves none"


def test_out_of_descriptors_the_api_fails_says_so_and_recovers_once_the_limit_is_lifted(leaky: Stack) -> None:
    first = ref_of(leaky.processes[-1].pid)
    limit = descriptors_of.fullest(descriptors_of.family(first), 1_000_000) + 10
    logs = leaky.home / "logs"
    handles = Handles(
        processes={"api": (first,)}, logs=LogFiles(logs, (), "rename", None, "normal", None, "api")
    )
    fault = Exhaust(Exhaust.Params.model_validate({"descriptors": limit}), handles, f"{leaky.mark}/exhaust")
    undo, stop = fault.prepare(), threading.Event()
    with ThreadPoolExecutor() as pool:
        fault.inject()
        try:
            holding = pool.submit(fault.hold, 60.0, stop)
            statuses = [leaky.http.get(f"/api/documents/{number}").status_code for number in range(1, 201)]
        finally:
            stop.set()
            undone = Exhaust.undo(undo)
        held = holding.result()
    assert {200, 500} <= set(statuses), "the service fails once all are used, and not before"
    assert held.dose["most_descriptors"] == limit
    assert held.dose["seconds_at_limit"] > 0
    assert held.dose["errors_logged"] >= statuses.count(500)
    assert undone == {"processes": 3, "limits_put_back": 3}
    get(leaky, 1)
