"""A Compose project that is not ours is attached, wired, played on and healed."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator

import pytest
from docker import DockerClient

from chaos.cli import target
from chaos.errors import ToolMissing
from chaos.plugin.handles import EngineAt
from chaos.record.journal import Event, Journal
from chaos.targets.compose.discovery import discover
from chaos.targets.compose.options import ComposeOptions
from chaos.tools import docker_images
from chaos.undo.heal import outstanding
from tests.contract import contracts
from tests.docker import foreign
from tests.docker.foreign import Project
from tests.midnight import Midnight
from tests.real.healing import healed_in, wait_for

HEALED_WITHIN = 25.0  # seconds: containers whose writes are limited take their time
pytestmark = pytest.mark.real

EXPERIMENT = """
name: foreign
title: A night of somebody else's
load:
  timeout: 3s
  mix: {read: 3, write: 1}
  baseline: {for: 2s, rate: 20, availability: 95%, p99: 3s}
  phases: [{name: wake, for: 18s, rate: 20}]
outage: {below: 95%, window: 1s, sustained: 3s}
abort: [{name: target-down, off: true}]
steps:
  - {name: drop, fault: idle_drop, at: 1s, hold: 300ms, with: {min_closed: 1}}
  - {name: rotate, fault: logrotate, at: 2s, hold: 2s, with: {writers: 1, block: 100kB, min_rotated: 1B, min_sync: 0}}
  - {name: slow, fault: latency, at: 5s, hold: 1s, with: {delay: 100ms}}
  - {name: cut, fault: partition, at: 7s, hold: 1s, with: {target: api}}
  - {name: freeze, fault: pause, at: 10s, hold: 1s, with: {target: api}}
  - {name: job, fault: batch_job, at: 12s, hold: 3s, with: {cpu_seconds: 0.2, values: {rows: 7}}}
slos: [{name: availability, availability: 40%}]
limits: {recovery: 6s, lost_writes: 0}
"""
HURT = """
name: hurt
title: Ended in the middle of it
load:
  timeout: 3s
  mix: {read: 1}
  baseline: {for: 1s, rate: 10, availability: 90%, p99: 3s}
  phases: [{name: wake, for: 60s, rate: 10}]
abort: [{name: target-down, off: true}]
steps:
  - {name: less, fault: cpu_limit, at: 100ms, hold: 50s, with: {target: api, cpus: 0.1, min_held_back: 0}}
  - {name: short, fault: memory_limit, at: 200ms, hold: 50s, with: {target: proxy, stress: false}}
  - {name: slow, fault: disk_limit, at: 300ms, hold: 50s, with: {target: api}}
  - {name: cut, fault: partition, at: 2500ms, hold: 50s, with: {target: database}}
  - {name: freeze, fault: pause, at: 3s, hold: 50s, with: {target: api}}
slos: [{name: availability, availability: 1%}]
"""
JOB = """
import argparse, json, time
open("shop.py").close()  # it is started where the image starts its own
parser = argparse.ArgumentParser()
parser.add_argument("--rows", type=int)
parser.add_argument("--cpu-seconds", type=float)
asked, _ = parser.parse_known_args()
print(json.dumps({"phase": "started"}), flush=True)
while time.process_time() < asked.cpu_seconds:
    pass
done = {"phase": "done", "rows": asked.rows, "cpu_seconds": time.process_time()}
print(json.dumps(done), flush=True)
"""
TARGET = (
    """
name: foreign
driver: compose
consent: {owner: the test, until: 2099-12-31}
"""
    + foreign.ROUTES
    + """\
options:
  project: PROJECT
  api: {service: web}
  database: {service: DATABASE}
  proxy: {service: midnight-proxy}
  jobs:
    nightly:
      service: web
      argv: [python, -c, JOB, --rows, "{rows}", --cpu-seconds, "{cpu_seconds}"]
      values: {rows: 1, cpu_seconds: 1}
      expect: {output: '"rows": {rows}'}
  logs: {service: web, directory: /var/log/shop, files: [shop.log], method: rename}
"""
)


@pytest.fixture(scope="module")
def project(engine_at: EngineAt, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """The project, up and wired; it is as it was after each test, and gone after the last."""
    with foreign.shop(engine_at, tmp_path_factory.mktemp("wired") / "override.yaml") as made:
        yield made


def target_file(midnight: Midnight, project: Project, database: str = "db") -> str:
    text = TARGET.replace("PROJECT", project.name).replace("DATABASE", database)
    text = text.replace("JOB", json.dumps(JOB))
    return midnight.file(f"{database}.yaml", text)


def wire(midnight: Midnight, project: Project, client: DockerClient) -> None:
    """Put the proxy into the project, as its owners would; once for all tests."""
    if project.override.exists():
        return
    image = docker_images.base_of(client, "toxiproxy")
    wired = midnight("target", "wire", f"compose:{project.name}", "--service", "web", "--proxy-image", image)
    assert wired.code == 0, wired.err
    project.override.write_text(wired.out)
    project("up", "-d")


CONFTEST = """
from pathlib import Path
import pytest

@pytest.fixture
def midnight_target():
    return Path("FILE")
"""


@pytest.mark.full
def test_its_driver_keeps_the_contract(midnight: Midnight, project: Project, client: DockerClient) -> None:
    wire(midnight, project, client)
    place = contracts.project(
        midnight.place / "contract", {}, CONFTEST.replace("FILE", target_file(midnight, project))
    )
    assert contracts.failed(place, ["compose"]) == {"compose": set()}


@pytest.mark.full
def test_a_compose_project_is_attached_wired_played_on_and_healed(
    midnight: Midnight, project: Project, client: DockerClient
) -> None:
    seen = midnight("target", "inspect", f"compose:{project.name}")
    assert seen.code == 0 and "midnight.protect=true" in seen.out and "service: web" in seen.out, seen
    wire(midnight, project, client)
    before = project.states(client)

    night = midnight.file("night.yaml", EXPERIMENT)
    done = midnight("run", night, "--target", target_file(midnight, project))

    assert midnight.runs, done.err
    outcomes = midnight.outcomes()
    assert done.code == 0, (outcomes, done.err, done.out[-3000:])
    effects = {name: outcome for name, outcome in outcomes.items() if name.startswith("effect")}
    assert set(effects.values()) == {"pass"} and len(effects) == 6, effects
    assert project.states(client) == before
    assert not [source for source, _ in Journal(midnight.run).gauges() if source.startswith("volume:")]

    refused = midnight("run", night, "--target", target_file(midnight, project, "bystander"))
    assert refused.code == 2 and "never touched" in refused.err, refused.err


@pytest.mark.full
def test_a_missing_reference_image_stops_everything_before_it_begins(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(docker_images, "REFERENCE", "midnight/reference:nowhere")
    options = ComposeOptions.model_validate({"project": project.name, "api": {"service": "web"}})
    told = "midnight/reference:nowhere is not built; type: midnight doctor --fix"
    with pytest.raises(ToolMissing, match=told):
        discover(options)
    with pytest.raises(ToolMissing, match=told):
        target.wire(f"compose:{project.name}", database="db")


def begin(midnight: Midnight, project: Project) -> int:
    """Play HURT until its last step is injected; the pid of the run."""
    process = midnight.start(
        "run", midnight.file("hurt.yaml", HURT), "--target", target_file(midnight, project)
    )
    wait_for(midnight, process, _is_frozen)
    return process.pid


def _is_frozen(event: Event) -> bool:
    return event.source == "step" and event.name == "freeze" and event.phase == "injected"


@pytest.mark.full
def test_a_killed_run_leaves_limits_names_and_pauses_as_before(
    midnight: Midnight, project: Project, client: DockerClient
) -> None:
    wire(midnight, project, client)
    before = project.states(client)
    os.kill(begin(midnight, project), signal.SIGKILL)
    midnight.started[0].wait()

    assert healed_in(midnight) < HEALED_WITHIN
    assert outstanding(midnight.run) == []
    assert project.states(client) == before


@pytest.mark.full
def test_a_container_removed_during_the_run_is_reported_and_the_rest_is_undone(
    midnight: Midnight, project: Project, client: DockerClient
) -> None:
    wire(midnight, project, client)
    before = project.states(client)
    pid = begin(midnight, project)
    (database,) = (name for name in before if "db" in name)
    client.containers.get(database).remove(force=True)
    os.kill(pid, signal.SIGINT)

    assert midnight.started[0].wait(60) in (1, 4), (midnight.place / "output").read_text()
    cut = [event for event in midnight.events() if event.name == "cut" and event.phase == "undone"]
    assert cut[0].detail["evidence"]["removed_by_somebody_else"] is True
    now = project.states(client)
    assert {name: state for name, state in before.items() if name != database} == now
    project("up", "-d")
