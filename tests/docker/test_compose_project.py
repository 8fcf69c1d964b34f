"""A Compose project that is not ours is attached, wired, played on and healed."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
from docker import DockerClient

from chaos.host.ports import free_port
from chaos.tools import docker_images
from tests.docker import foreign
from tests.docker.foreign import Project
from tests.midnight import Midnight

pytestmark = pytest.mark.real

EXPERIMENT = """
name: foreign
title: A night of somebody else's
load:
  timeout: 3s
  mix: {read: 3, write: 1}
  baseline: {for: 2s, rate: 20, availability: 95%, p99: 3s}
  phases: [{name: wake, for: 16s, rate: 20}]
outage: {below: 95%, window: 1s, sustained: 3s}
abort: [{name: target-down, off: true}]
steps:
  - {name: drop, fault: idle_drop, at: 1s, hold: 300ms, with: {min_closed: 1}}
  - {name: rotate, fault: logrotate, at: 2s, hold: 2s, with: {writers: 1, block: 100kB, min_rotated: 1, min_sync: 0}}
  - {name: slow, fault: latency, at: 5s, hold: 1s, with: {delay: 100ms}}
  - {name: cut, fault: partition, at: 7s, hold: 1s, with: {target: database}}
  - {name: freeze, fault: pause, at: 10s, hold: 1s, with: {target: api}}
slos: [{name: availability, availability: 40%}]
limits: {recovery: 15s, lost_writes: 0}
"""
TARGET = """
name: foreign
driver: compose
consent: {owner: the test, until: 2099-12-31}
ready: /healthz
routes:
  read: {path: "/items/{item}", items: 100}
  write: {method: POST, path: /orders, ledger: true}
readback: {path: "/orders?after={after}&limit={limit}", limit: 1000}
options:
  project: PROJECT
  api: {service: web}
  database: {service: DATABASE}
  proxy: {service: midnight-proxy}
  logs: {service: web, directory: /var/log/shop, files: [shop.log], method: rename}
"""


@pytest.fixture
def project(client: DockerClient, nothing_on_the_engine: None, tmp_path: Path) -> Iterator[Project]:
    del nothing_on_the_engine
    command = foreign.compose_command()
    if command is None:
        because = "neither `docker compose` nor docker-compose is here"
        (pytest.fail if os.environ.get("REQUIRE_DOCKER") == "1" else pytest.skip)(because)
    foreign.build(client)
    variables = {
        "POSTGRES_IMAGE": docker_images.base_of(client, "postgres"),
        "SHOP_IMAGE": foreign.IMAGE,
        "WEB_PORT": str(free_port()),
        "DB_PASSWORD": secrets.token_hex(12),
    }
    made = Project(tuple(command), f"shop{secrets.token_hex(3)}", variables, tmp_path / "override.yaml")
    made("up", "-d")
    yield made
    made("down", "-v", "--timeout", "1")
    client.images.remove(foreign.IMAGE)


def test_it_is_attached_wired_played_on_and_healed(
    midnight: Midnight, project: Project, client: DockerClient, tmp_path: Path
) -> None:
    seen = midnight("target", "inspect", f"compose:{project.name}")
    assert seen.code == 0 and "midnight.protect=true" in seen.out and "service: web" in seen.out, seen
    image = docker_images.base_of(client, "toxiproxy")
    wired = midnight("target", "wire", f"compose:{project.name}", "--api", "web", "--proxy-image", image)
    assert wired.code == 0, wired.err
    (tmp_path / "override.yaml").write_text(wired.out)
    project("up", "-d")
    text = TARGET.replace("PROJECT", project.name)
    target = midnight.file("foreign.yaml", text.replace("DATABASE", "db"))
    before = project.states(client)

    done = midnight("run", midnight.file("night.yaml", EXPERIMENT), "--target", target)

    outcomes = midnight.outcomes()
    assert done.code == 0, (outcomes, done.err, done.out[-3000:])
    effects = {name: outcome for name, outcome in outcomes.items() if name.startswith("effect")}
    assert set(effects.values()) == {"pass"} and len(effects) == 5, effects
    assert project.states(client) == before

    protected = midnight.file("protected.yaml", text.replace("DATABASE", "bystander"))
    refused = midnight("run", str(tmp_path / "night.yaml"), "--target", protected)
    assert refused.code == 2 and "never touched" in refused.err, refused.err
