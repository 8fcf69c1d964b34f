"""What PostgreSQL itself does, and what a storm does to it, is an effect on a service that is there, and no other."""

from __future__ import annotations

import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest

from chaos.checks.finding import Outcome
from chaos.host import sockets
from chaos.host.ports import free_port
from chaos.host.processes import ref_of
from chaos.plugin.handles import Database, Handles, Proxy
from chaos.postgres import Cluster, Installation
from chaos.postgres.connection import ask
from chaos.toxiproxy import Toxiproxy
from tests.midnight import Done, Midnight
from tests.path import pooled
from tests.path.acting import made, played
from tests.postgres.servers import PASSWORD, Servers, execute
from tests.waiting import wait_until

pytestmark = pytest.mark.real

SETTINGS = {"max_connections": 60}


class Service:
    """A pooled service in a process of its own."""

    def __init__(self, dsn: str, size: int) -> None:
        self.port = free_port()
        argv = [sys.executable, pooled.PROGRAM, str(self.port), dsn, str(size)]
        self.process = subprocess.Popen(
            argv, stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": str(Path.cwd())}
        )
        assert self.process.stdout is not None and self.process.stdout.readline() == b"ready\n"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def ask(self, times: int) -> None:
        for _ in range(times):
            with suppress(OSError), urllib.request.urlopen(f"{self.url}/x", timeout=10) as answer:
                answer.read()

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()


class Place:
    """Two servers, a proxy before the first, and services at any of them."""

    def __init__(self, first: Cluster, second: Cluster, proxy: Proxy, there: ExitStack) -> None:
        self.first, self.second, self.proxy, self._there = first, second, proxy, there

    def dsn(self, server: Cluster, user: str = "app", port: str = "") -> str:
        options = {"dbname": "postgres", "user": user, "password": PASSWORD}
        return psycopg.conninfo.make_conninfo(server.dsn(), **options, **({"port": port} if port else {}))

    def service(self, dsn: str, size: int = 8) -> Service:
        made = Service(dsn, size)
        self._there.callback(made.stop)
        return made

    @property
    def through(self) -> str:
        return self.dsn(self.first, port=self.proxy.listen.rpartition(":")[2])

    def handles(self, service: Service, stormed: Cluster | None = None) -> Handles:
        server = stormed or self.first
        roles = {"api": self.dsn(server), "crowd": self.dsn(server, "crowd")}
        database = Database(self.dsn(server, "postgres"), roles, self.proxy.listen, ours=False)
        return Handles(
            base_url=service.url,
            processes={"api": (ref_of(service.process.pid),)},
            databases={"primary": database},
            proxies={"database": self.proxy},
        )


@pytest.fixture(scope="module")
def clusters(installation: Installation) -> Iterator[tuple[Cluster, Cluster]]:
    servers = Servers(installation)
    made = tuple(servers.primary(SETTINGS)[0] for _ in range(2))
    for each in made:
        for role in ("app", "crowd"):
            execute(each, f"CREATE ROLE {role} LOGIN PASSWORD '{PASSWORD.replace(chr(39), chr(39) * 2)}'")
    yield made[0], made[1]
    for each in made:
        each.stop("immediate")
    servers.remove()


@pytest.fixture
def place(clusters: tuple[Cluster, Cluster], toxiproxy: Toxiproxy) -> Iterator[Place]:
    with ExitStack() as there:
        info = toxiproxy.create("postgres", "127.0.0.1:0", f"127.0.0.1:{clusters[0].port}")
        there.callback(toxiproxy.delete, "postgres")
        yield Place(*clusters, Proxy(toxiproxy.url, info.name, info.listen, info.upstream), there)


def sessions(server: Cluster, user: str = "app") -> int:
    count = "select count(*)::int from pg_stat_activity where usename = %s"
    return int(ask(server.dsn(password=PASSWORD), count, user)[0])


def still_open(place: Place) -> int:
    """How many connections through the proxy are open at both ends."""
    port = int(place.proxy.listen.rpartition(":")[2])
    there = [each for each in sockets.table([port]) if each.remote_port == port]
    return sum(each.state == sockets.ESTABLISHED for each in there)


TIMEOUT: dict[str, Any] = {"by": "server", "after_idle": "1s", "min_closed": 6}


def test_sessions_that_the_server_ends_are_counted_where_they_are_the_services(
    place: Place, tmp_path: Path
) -> None:
    service = place.service(place.through)

    def all_are_used_and_end() -> None:
        service.ask(8)
        wait_until(lambda: still_open(place) == 0)

    done = played(made("idle_drop", place.handles(service), **TIMEOUT), tmp_path, all_are_used_and_end)
    assert done.outcome is Outcome.PASS and done.held.dose["idle_sessions_closed"] == 8, done


def test_sessions_that_are_already_idle_stay_and_are_reported(place: Place, tmp_path: Path) -> None:
    service = place.service(place.through)

    def two_are_used_and_end() -> None:
        service.ask(2)
        wait_until(lambda: still_open(place) == 6)

    done = played(made("idle_drop", place.handles(service), **TIMEOUT), tmp_path, two_are_used_and_end)
    assert done.outcome is Outcome.UNKNOWN and done.held.dose["idle_sessions_closed"] == 2
    assert "6 of 8 idle sessions were not used while the fault acted" in done.because, done.because


def test_sessions_of_others_that_the_server_ends_are_not_counted(place: Place, tmp_path: Path) -> None:
    service = place.service(place.through, 2)
    with ExitStack() as there:
        direct = [
            there.enter_context(psycopg.connect(place.dsn(place.first), autocommit=True)) for _ in range(12)
        ]

        def all_are_used_and_end() -> None:
            service.ask(2)
            for each in direct:
                each.execute("select 1")
            wait_until(lambda: sessions(place.first) == 0 and still_open(place) == 0)

        done = played(made("idle_drop", place.handles(service), **TIMEOUT), tmp_path, all_are_used_and_end)
    assert done.outcome is Outcome.UNKNOWN and done.held.dose["idle_sessions_closed"] == 2, done


def test_sessions_that_the_service_itself_ends_are_not_counted(place: Place, tmp_path: Path) -> None:
    service = place.service(place.through)

    def it_ends() -> None:
        service.ask(8)
        service.stop()
        wait_until(lambda: sessions(place.first) == 0)

    slow = {**TIMEOUT, "after_idle": "60s"}
    done = played(made("idle_drop", place.handles(service), **slow), tmp_path, it_ends)
    assert done.outcome is Outcome.UNKNOWN and done.held.dose["idle_sessions_closed"] == 0, done


STORM: dict[str, Any] = {"clients": 20, "min_attempted": 10, "keep": "200ms", "burst": 2, "burst_path": "/x"}


def test_a_storm_on_the_services_own_database_is_proven(place: Place, tmp_path: Path) -> None:
    service = place.service(place.through)
    done = played(made("reconnect_storm", place.handles(service), **STORM), tmp_path)
    assert done.outcome is Outcome.PASS and done.held.dose["own_connections_dropped"] == 8, done


def test_a_storm_on_a_database_that_the_service_does_not_use_is_not(place: Place, tmp_path: Path) -> None:
    service = place.service(place.through)
    fault = made("reconnect_storm", place.handles(service, stormed=place.second), **STORM)
    done = played(fault, tmp_path)
    assert done.held.dose["connections_attempted"] == 20, done
    assert done.outcome is Outcome.UNKNOWN and "leads to a different server than admin_dsn" in done.because


def test_a_storm_on_a_service_that_goes_past_the_proxy_is_not(place: Place, tmp_path: Path) -> None:
    service = place.service(place.dsn(place.first))
    done = played(made("reconnect_storm", place.handles(service), **STORM), tmp_path)
    assert done.outcome is Outcome.UNKNOWN and "goes through proxy" in done.because, done


STEPS = """\
steps:
  - {name: drop, fault: idle_drop, at: 500ms, hold: 300ms}
  - {name: slow, fault: latency, after: drop, hold: 1500ms, with: {delay: 300ms}}
  - {name: narrow, fault: bandwidth, after: slow, hold: 1500ms, with: {rate: 100kB/s}}
  - {name: silent, fault: idle_drop, after: narrow, hold: 1s, with: {by: black_hole}}
  - {name: reset, fault: idle_drop, after: silent, hold: 1500ms, with: {by: reset}}
  - {name: cut, fault: cut_off, after: reset, hold: 1s}
  - {name: storm, fault: reconnect_storm, after: cut, hold: 3s, with: STORM}
"""
EXPERIMENT = """\
name: past
title: Is it hurt at all?
load:
  timeout: 3s
  mix: {read: 1}
  baseline: {for: 1s, rate: 20, p99: 3s}
  phases: [{name: day, for: 12s, rate: 20}]
slos: [{name: availability, availability: 1%}]
instrument: {lag: 900ms, run_delay: 100%}
abort: [{name: target-down, off: true}]
"""
TARGET = """\
name: mine
driver: attach
consent: {{owner: The tests, until: 2999-12-31}}
ready: /x
routes: {{read: {{path: "/items/{{item}}", items: 9}}}}
options:
  base_url: {url}
  databases:
    primary: {{admin_dsn: {{env: ADMIN_DSN}}, dsns: {{api: {{env: APP_DSN}}, crowd: {{env: CROWD_DSN}}}}}}
  proxies: {{database: {{api: "{api}", name: postgres}}}}
"""


def run(place: Place, midnight: Midnight, monkeypatch: pytest.MonkeyPatch, service: Service) -> Done:
    for name, user in (("ADMIN_DSN", "postgres"), ("APP_DSN", "app"), ("CROWD_DSN", "crowd")):
        monkeypatch.setenv(name, place.dsn(place.first, user))
    storm = "{clients: 20, min_attempted: 10, keep: 1s, burst: 5, burst_path: /x}"
    file = midnight.file("past.yaml", EXPERIMENT + STEPS.replace("STORM", storm))
    target = midnight.file("mine.yaml", TARGET.format(url=service.url, api=place.proxy.api))
    return midnight("run", file, "--target", target)


@pytest.mark.full
def test_a_run_claims_of_a_service_what_happened_to_it(
    place: Place, midnight: Midnight, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = run(place, midnight, monkeypatch, place.service(place.through))
    effects = {name: each for name, each in midnight.outcomes().items() if name.startswith("effect")}
    assert len(effects) == 7 and set(effects.values()) == {"pass"}, (effects, midnight.verdict, done.err)
    assert done.code == 0, done.out


def test_a_run_on_a_service_that_goes_past_the_proxy_is_refused_before_the_play(
    place: Place, midnight: Midnight, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = run(place, midnight, monkeypatch, place.service(place.dsn(place.first)))
    assert done.code == 2 and f"let the service connect to {place.proxy.listen}" in done.err, done
    assert f"it is connected to {place.proxy.upstream} (8)" in done.err
