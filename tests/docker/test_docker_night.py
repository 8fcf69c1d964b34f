"""The same night in containers: the same faults by name, the same findings, and nothing left on the engine."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from typing import Any

import httpx
import pytest
from docker import DockerClient

from chaos.host.ports import free_port
from chaos.tools import docker_images
from chaos.undo.heal import outstanding
from tests.docker import foreign
from tests.midnight import PROJECT, Midnight
from tests.real.broken import experiment
from tests.real.healing import healed_in, wait_for
from tests.waiting import wait_until

HEALED_WITHIN = 25.0  # seconds: containers whose writes are limited take their time
pytestmark = [
    pytest.mark.real,
    pytest.mark.usefixtures("nothing_on_the_engine"),
]

ROTATE = (
    "{name: rotate, fault: logrotate, at: 1s, hold: 3s, "
    "with: {grown: 20MB, writers: 1, block: 100kB, min_sync: 0}}"
)
FULL = "{name: full, fault: disk_full, at: 5s, hold: 1s, with: {volume: logs, at_most: 4GB}}"
LESS = "{name: less, fault: cpu_limit, at: 500ms, hold: 50s, with: {target: api, cpus: 0.5}}"
CUT = "{name: cut, fault: partition, at: 1s, hold: 50s, with: {target: database}}"


@pytest.mark.alone
def test_smoke_shows_all_four_faults_in_containers(midnight: Midnight) -> None:
    done = midnight("run", "smoke", "--target", "docker", "--profile", "hardened", "--json")

    verdict = json.loads(done.out)
    assert done.code in (0, 1, 3), done.err
    effects = {item["name"]: item["outcome"] for item in verdict["findings"] if item["check"] == "effect"}
    assert set(effects) == {"idle_drop", "logrotate", "batch_job", "reconnect_storm"}
    assert all(outcome in ("pass", "not exercised") for outcome in effects.values()), effects
    versions = json.loads(midnight.run.run_file.read_text())["versions"]
    assert versions["containers sampled by"].startswith("cgroup v")
    assert "postgres" in versions


@pytest.mark.full
def test_a_killed_run_leaves_nothing_behind(midnight: Midnight) -> None:
    file = experiment(midnight.place, LESS, CUT, play=60.0)
    process = midnight.start("run", file, "--target", "docker", "--profile", "hardened")
    wait_for(midnight, process, lambda event: event.name == "cut" and event.phase == "injected")

    os.kill(process.pid, signal.SIGKILL)
    process.wait()

    assert healed_in(midnight) < HEALED_WITHIN
    assert outstanding(midnight.run) == []


@pytest.mark.full
def test_on_volumes_of_the_engines_own_logs_are_fetched_and_no_disk_is_filled(midnight: Midnight) -> None:
    text = (PROJECT / "targets/docker.yaml").read_text()
    target = midnight.file("docker.yaml", text.replace("disk_write: 24MB/s", "disk_write: 0"))
    (midnight.place / "profiles").symlink_to(PROJECT / "targets/profiles")
    limits = "limits: {lost_log_lines: 0}"
    file = experiment(midnight.place, ROTATE, play=8.0, extra=limits)
    done = midnight("run", file, "--target", target, "--profile", "hardened")
    outcomes = midnight.outcomes()
    assert outcomes["logs: lost_log_lines"] == "pass" and outcomes["effect: rotate"] == "pass", (
        outcomes,
        done.err,
    )


@pytest.mark.full
def test_a_full_disk_of_our_own_is_filled_and_emptied(midnight: Midnight) -> None:
    file = experiment(midnight.place, FULL, play=10.0, extra="limits: {lost_writes: 0}")
    done = midnight("run", file, "--target", "docker", "--profile", "hardened")
    assert midnight.runs, done.err
    assert midnight.outcomes()["effect: full"] == "pass", done.out + done.err


@pytest.mark.full
def test_compose_brings_the_same_file_up(client: DockerClient) -> None:
    ports = ("API_PORT", "METRICS_PORT", "DATABASE_PORT", "CONTROL_PORT", "DATABASE_PROXY_PORT")
    variables = {name: str(free_port()) for name in ports} | {
        "POSTGRES_IMAGE": docker_images.base_of(client, "postgres"),
        "PYTHON_IMAGE": docker_images.base_of(client, "python"),
        "TOXIPROXY_IMAGE": docker_images.base_of(client, "toxiproxy"),
    }
    place = PROJECT / "targets/compose"
    argv = [*foreign.compose_command(), "-p", "test-stack", "-f", str(place / "compose.yaml")]
    argv += ["--env-file", str(place / "hardened.env")]
    env = {**os.environ, **variables}
    try:
        subprocess.run([*argv, "up", "-d"], env=env, check=True, capture_output=True, timeout=120)
        url = f"http://127.0.0.1:{variables['API_PORT']}/readyz"
        wait_until(lambda: _answers(url), url)
    finally:
        subprocess.run([*argv, "down", "-v"], env=env, check=True, capture_output=True, timeout=60)


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=5, trust_env=False).is_success
    except httpx.HTTPError:
        return False


@pytest.mark.full
def test_the_docker_target_goes_up_and_down_by_hand(midnight: Midnight, client: DockerClient) -> None:
    up = midnight("stack", "up", "--target", "docker", "--profile", "hardened")
    try:
        assert up.code == 0 and "api: container midnight-stack-docker-" in up.out, up.err
        assert "hardened" in midnight("stack", "status", "--target", "docker").out
        wanted: dict[str, Any] = {"label": "midnight.service=exporter", "health": "healthy"}
        wait_until(lambda: client.containers.list(filters=wanted), "a healthy exporter")
        (model,) = client.containers.list(filters={"label": "midnight.service=model"})
        model.kill()
        assert "broken: model ended" in midnight("stack", "status", "--target", "docker").out
    finally:
        down = midnight("stack", "down", "--target", "docker")
    assert down.code == 0, down.out
