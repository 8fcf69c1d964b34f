"""Dify's own shape: nginx publishes, api has the pool and publishes nothing, workers and a daemon share the database.

Stand-in images, no line of midnight's in the project's file: inspected, wired, verified, played on, healed.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import psycopg
import pytest
from docker import DockerClient
from ruamel.yaml import YAML

from chaos import engine
from chaos.faults.pause import Pause
from chaos.host.ports import free_port
from chaos.path.networks import attached
from chaos.plan import build as plans
from chaos.plugin.driver import Driver, Site
from chaos.plugin.fault import Undo
from chaos.plugin.handles import EngineAt, Handles
from chaos.spec.target import Target
from chaos.targets.compose.driver import ComposeDriver
from chaos.targets.compose.options import ComposeOptions
from chaos.tools import docker_images
from tests.docker import foreign
from tests.docker.conftest import everything, ours
from tests.docker.foreign import Project
from tests.midnight import Midnight

pytestmark = [pytest.mark.real, pytest.mark.wide]

HERE = Path(__file__).parent / "dify"
STAND_INS = {
    "APP_IMAGE": ("langgenius/dify-api", "python"),
    "NGINX_IMAGE": ("test-nginx", "python"),
    "REDIS_IMAGE": ("test-redis", "python"),
    "POSTGRES_IMAGE": ("pgvector-local", "postgres"),
}
TARGET = """
name: dify
driver: compose
consent: {owner: the test, until: 2099-12-31}
ready: /items/1
routes: {read: {path: "/items/{item}", items: 9}}
options:
  project: PROJECT
  entry: {service: nginx, port: 80}
  api: {service: api}
  database: {service: db_postgres}
  proxy: {service: midnight-proxy, also: [redis], crowds: {redis: {env: DIFY_REDIS_URL}}}
  roles: {workers: {service: [worker, worker_beat]}, daemon: {service: plugin_daemon}}
"""
NIGHT = """
name: dify-night
title: A night of Dify's
load:
  timeout: 4s
  mix: {read: 1}
  baseline: {for: 2s, rate: 15, availability: 90%, p99: 3s}
  phases: [{name: wake, for: 25s, rate: 15}]
outage: {below: 95%, window: 1s, sustained: 3s}
abort: [{name: target-down, off: true}]
steps:
  - {name: slow, fault: latency, at: 1s, hold: 2s, with: {delay: 200ms}}
  - {name: cache, fault: latency, at: 1s, hold: 2s, with: {delay: 200ms, proxy: redis}}
  # one after the other: while answers are delayed no session may be idle, and each takes a sidecar's time to begin
  - {name: drop, fault: idle_drop, after: slow, hold: 500ms, with: {min_closed: 3}}
  - name: storm
    fault: reconnect_storm
    after: drop
    hold: 2s
    with: {clients: 20, min_attempted: 10, keep: 500ms, burst: 10, burst_path: /items/1}
  - name: crowd
    fault: reconnect_storm
    after: storm
    hold: 2s
    with: {proxy: redis, clients: 20, min_attempted: 10, keep: 500ms, burst: 0}
slos: [{name: availability, availability: 30%}]
instrument: {lag: 900ms, run_delay: 100%}
"""


@pytest.fixture(scope="module")
def dify(engine_at: EngineAt, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """The project, up as its owners have it; gone after the last test."""
    command = foreign.compose_command()
    with engine.connected(engine_at) as client:
        tag = f"test-{secrets.token_hex(3)}"
        bases = {"python": docker_images.REFERENCE, "postgres": docker_images.base_of(client, "postgres")}
        for name, base in STAND_INS.values():
            client.images.get(bases[base]).tag(name, tag)
        variables = {variable: f"{name}:{tag}" for variable, (name, _) in STAND_INS.items()}
        variables |= {name: str(free_port()) for name in ("NGINX_PORT", "NGINX_SSL_PORT", "PLUGIN_PORT")}
        variables |= {name: secrets.token_hex(12) for name in ("DB_PASSWORD", "REDIS_PASSWORD")}
        override = tmp_path_factory.mktemp("wired") / "override.yaml"
        made = Project(command, f"midnight-test-dify{secrets.token_hex(3)}", variables, override, HERE)
        try:
            made("up", "-d")
            yield made
        finally:
            made("down", "-v", "--timeout", "1")
            for name in set(variables[each] for each in STAND_INS):
                client.images.remove(name)
        assert not [each for each in everything(client) if made.name in each or tag in each]


@pytest.fixture(autouse=True)
def _login(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIFY_REDIS_URL", "redis://:hunter2-of-dify@redis:6379/1")


def wire(midnight: Midnight, dify: Project, client: DockerClient, *, without: str = "") -> None:
    """Put the proxy into the project, as its owners would; `without`: a service that is left as it was."""
    image = docker_images.base_of(client, "toxiproxy")
    wired = midnight("target", "wire", f"compose:{dify.name}", "--also", "redis", "--proxy-image", image)
    assert wired.code == 0, wired.err
    document = YAML(typ="safe").load(wired.out)
    assert set(document["services"]) >= {"api", "worker", "worker_beat", "plugin_daemon", "midnight-proxy"}
    assert not {"nginx", "db_postgres", "redis"} & set(document["services"])
    document["services"].pop(without, None)
    YAML().dump(document, dify.override)
    dify("up", "-d")


def target_file(midnight: Midnight, dify: Project) -> str:
    return midnight.file("dify.yaml", TARGET.replace("PROJECT", dify.name))


def up(driver: Driver, undos: dict[str, Undo]) -> Handles:
    return driver.up(Site(f"test-{secrets.token_hex(4)}", undos.__setitem__, threading.Event()))


@pytest.mark.full
def test_with_one_service_left_unwired_the_run_says_which_and_refuses(
    midnight: Midnight, dify: Project, client: DockerClient
) -> None:
    wire(midnight, dify, client, without="plugin_daemon")
    target, night = target_file(midnight, dify), midnight.file("night.yaml", NIGHT)
    done = midnight("run", night, "--target", target)
    assert done.code == 2 and not midnight.runs, (done.out[-2000:], done.err)
    assert "bypass midnight-proxy (plugin_daemon (" in done.err and "worker" not in done.err, done.err
    assert f"midnight target wire compose:{dify.name}" in done.err


def test_dify_is_inspected_wired_verified_played_on_and_healed(
    midnight: Midnight, dify: Project, client: DockerClient
) -> None:
    wire(midnight, dify, client)
    target, before = target_file(midnight, dify), dify.states(client)
    through = "6 of api, 2 of plugin_daemon, 3 of worker through midnight-proxy"
    inspected(midnight, target, f"sessions with db_postgres:5432: {through}")
    inspected(midnight, target, "sessions with redis:6379: 1 of api, 1 of worker, 1 of worker_beat")

    done = midnight("run", midnight.file("night.yaml", NIGHT), "--target", target)

    assert midnight.runs, done.err
    outcomes = midnight.outcomes()
    assert done.code == 0, (outcomes, done.err, done.out[-3000:])
    effects = {name: outcome for name, outcome in outcomes.items() if name.startswith("effect")}
    assert set(effects.values()) == {"pass"} and len(effects) == 5, effects
    (crowd,) = [
        each.detail["evidence"]["crowd"]
        for each in midnight.events()
        if (each.name, each.phase) == ("crowd", "held")
    ]
    assert crowd["connected"] == 20 and not crowd["failed_with"], crowd
    assert dify.states(client) == before
    assert not [each for each in ours(everything(client)) if midnight.run.id in each]  # the forwarder is gone


@pytest.mark.full
def test_replicas_are_one_role_and_each_is_hurt_and_proven(
    midnight: Midnight, dify: Project, client: DockerClient
) -> None:
    wire(midnight, dify, client)
    dify("up", "-d", "--scale", "api=3")
    text = TARGET.replace("  entry: {service: nginx, port: 80}\n", "")
    text = text.replace("api: {service: api}", "api: {service: api, port: 5001}")
    plan = plans.build(
        midnight.file("night.yaml", NIGHT), midnight.file("apis.yaml", text.replace("PROJECT", dify.name))
    )
    assert isinstance(plan.options, ComposeOptions)
    driver, undos = whole(plan.target, plan.options, "18 of api"), dict[str, Undo]()
    try:
        handles = up(driver, undos)
        assert handles.offered() == driver.offers(plan.target)
        apis = [ref.name for ref in handles.containers["api"]]
        assert len(apis) == 3
        with psycopg.connect(handles.databases["primary"].dsns["crowd"]) as connection:
            assert connection.execute("select 1").fetchone() == (1,)
        held = paused(handles, "50%")
        (database,) = handles.containers["database"]
        own, load = forwarders(client, own=True), forwarders(client, own=False)
        told = set(attached(database).gateways)  # from which nothing comes but midnight's own
        assert own and load and own <= told and not load & told
    finally:
        for undo in reversed(undos.values()):
            ComposeDriver.undo(undo)
            ComposeDriver.undo(undo)
        dify("up", "-d", "--scale", "api=1")
    assert sorted(held["each"]) == sorted(apis)[:2] and held["of"] == 3
    assert not [name for name in ours(everything(client)) if "forwarder" in name]


def inspected(midnight: Midnight, target: str, told: str) -> None:
    """Inspect until it is told: wired services open their sessions when they are up, each in its own time."""
    end = time.monotonic() + 120
    while told not in (seen := midnight("target", "inspect", target)).out:
        assert seen.code == 0 and time.monotonic() < end, (seen.out, seen.err)


def whole(target: Target, options: ComposeOptions, told: str) -> Driver:
    """The driver once every replica has its pool: the images have no health check that would say so."""
    end = time.monotonic() + 60
    while (
        told not in (driver := ComposeDriver(target, options, {}, {})).versions["sessions with db_postgres"]
    ):
        assert time.monotonic() < end, driver.versions
    return driver


def paused(handles: Handles, which: str) -> dict[str, Any]:
    """What is told of the API's containers while they stand still under requests."""
    fault = Pause(
        Pause.Params.model_validate({"which": which}), handles, f"test-{secrets.token_hex(4)}/pause"
    )
    undo = fault.prepare()
    clients = [HTTPConnection(handles.base_url.removeprefix("http://"), timeout=20) for _ in range(24)]
    try:
        for client in clients:  # spread over the replicas
            client.request("GET", "/items/1")
            client.getresponse().read()
        fault.inject()
        for client in clients:
            client.request("GET", "/items/1")
        held = fault.hold(1.0, threading.Event())
    finally:
        Pause.undo(undo)
        for client in clients:
            client.close()
    assert held.dose == held.floor == {"reached": 2} and not held.unproven, held
    return dict(held.evidence)


def forwarders(client: DockerClient, own: bool) -> set[str]:
    """The addresses of midnight's own forwarder, or of the one of the load."""
    there = client.containers.list(filters={"name": "-forwarder"})
    mine = [each for each in there if str(each.name).endswith("-forwarder") is own]
    networks = [network for each in mine for network in each.attrs["NetworkSettings"]["Networks"].values()]
    return {str(network["IPAddress"]) for network in networks}
