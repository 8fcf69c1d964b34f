"""A project that publishes a port without a number is refused what would change it; with a number it is played."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from chaos.host.ports import free_port
from chaos.plugin.handles import EngineAt
from chaos.tools import docker_images
from tests.docker.foreign import Project, compose_command
from tests.midnight import Midnight

pytestmark = pytest.mark.real

# it keeps its connections, so that the load has some in use
SERVER = """
import http.server as h
h.SimpleHTTPRequestHandler.protocol_version = 'HTTP/1.1'
h.ThreadingHTTPServer(('0.0.0.0', 8000), h.SimpleHTTPRequestHandler).serve_forever()
"""
COMPOSE = """
services:
  web:
    image: {image}
    entrypoint: [python, -c, {server}]
    ports: ["127.0.0.1:${{WEB_PORT}}:8000"]
"""
TARGET = """
name: chosen
driver: compose
consent: {owner: the test, until: 2099-12-31}
routes: {read: {path: /}}
options: {project: PROJECT, api: {service: web}}
"""
NIGHT = """
name: ports
title: Is it there again?
load:
  timeout: 3s
  mix: {read: 1}
  baseline: {for: 1s, rate: 10, availability: 90%, p99: 3s}
  phases: [{name: wake, for: 12s, rate: 10}]
abort: [{name: target-down, off: true}]
steps:
  - {name: end, fault: stop, at: 1s, hold: 1s, with: {grace: 0}}
  - {name: cut, fault: partition, at: 6s, hold: 1s, with: {target: api}}
slos: [{name: availability, availability: 1%}]
instrument: {lag: 900ms, run_delay: 100%}
"""
REMEDY = 'publish a fixed port in the Compose file: ports: ["127.0.0.1:8000:8000"]'


@pytest.fixture
def project(engine_at: EngineAt, nothing_on_the_engine: None, tmp_path: Path) -> Iterator[Project]:
    """As its owners have it: up, its port chosen by the engine."""
    del engine_at, nothing_on_the_engine
    text = COMPOSE.format(image=docker_images.REFERENCE, server=json.dumps(SERVER))
    (tmp_path / "compose.yaml").write_text(text)
    name = f"midnight-test-ports{secrets.token_hex(3)}"
    made = Project(compose_command(), name, {"WEB_PORT": ""}, tmp_path / "none.yaml", tmp_path)
    try:
        made("up", "-d")
        yield made
    finally:
        made("down", "-v", "--timeout", "0")


@pytest.mark.full
def test_an_unnumbered_port_is_refused_with_a_remedy_and_played_once_numbered(
    midnight: Midnight, project: Project
) -> None:
    target = midnight.file("chosen.yaml", TARGET.replace("PROJECT", project.name))
    night = midnight.file("ports.yaml", NIGHT)

    refused = midnight("run", night, "--target", target)
    assert refused.code == 2 and midnight.runs == [], refused.out + refused.err
    assert "step 'end': " in refused.err and REMEDY in refused.err, refused.err
    rehearsed = midnight("run", night, "--target", target, "--rehearse", "--json")
    assert rehearsed.code == 2
    rows = [row for row in json.loads(rehearsed.out) if row["answer"] == "no"]
    assert {row["part"] for row in rows} == {"end", "cut"} and {row["remedy"] for row in rows} == {REMEDY}

    project.variables["WEB_PORT"] = str(free_port())
    project("up", "-d", "--timeout", "0")
    rehearsed = midnight("run", night, "--target", target, "--rehearse", "--json")
    assert rehearsed.code == 0, rehearsed.out + rehearsed.err
    played = midnight("run", night, "--target", target)
    assert played.code == 0, (midnight.outcomes(), played.out[-2000:], played.err)
