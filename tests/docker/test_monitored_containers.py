"""The stack in containers with its monitoring: scraped, delivering to midnight, and gone afterwards."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import urllib.request
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from docker import DockerClient

from chaos.host.ports import free_port
from chaos.record.events import AlertDelivered, WatchReached
from chaos.record.journal import Journal
from chaos.targets.embedded.monitoring import READY
from chaos.tools import monitoring_images
from chaos.tools.part import Missing
from chaos.undo.heal import outstanding
from tests.docker import foreign
from tests.docker.required import lacking
from tests.midnight import PROJECT, Midnight
from tests.real.broken import experiment
from tests.real.healing import healed_in, is_injected, wait_for
from tests.waiting import wait_until

HEALED_WITHIN = 25.0  # seconds: containers whose writes are limited take their time
SERVERS = set(READY)
LESS = "{name: less, fault: cpu_limit, at: 500ms, hold: 50s, with: {target: api, cpus: 0.5}}"
FREEZE = "{name: freeze, fault: pause, at: 2s, hold: 14s, with: {target: api}}"
PAGED = "alerts: [{name: down, alert: ApiDown, labels: {severity: page}, fires_within: 20s, delivered: true}]"
ASKED = """\
  - {name: probed, prometheus: {share: 95%, success: 'probe_success{job="probe"}'}}
  - name: served
    prometheus: {share: 50%, good: 'reference_requests_total{status!~"5.."}', total: sum(reference_requests_total)}
"""
pytestmark = [pytest.mark.alone, pytest.mark.usefixtures("images", "nothing_on_the_engine")]


@pytest.fixture(scope="module")
def images(engine_at: Any) -> dict[str, str]:
    """The tag of each image, by variable of the Compose file."""
    assert engine_at
    found = monitoring_images.find()
    if isinstance(found, Missing):
        lacking(f"{found.part}: {found.because}; {found.remedy}")
    return {f"{name.upper()}_IMAGE": tag for name, tag in monitoring_images.tags().items()}


def ask(url: str, path: str) -> Any:
    with urllib.request.urlopen(f"{url}{path}", timeout=5) as answer:
        text = answer.read()
    return json.loads(text) if text[:1] in b"[{" else text


def services(containers: list[Any]) -> set[str]:
    return {each.labels.get("midnight.service", "") for each in containers}


def query(prometheus: str, text: str) -> dict[str, str]:
    """The values of a query by job."""
    found = ask(prometheus, f"/api/v1/query?query={quote(text)}")["data"]["result"]
    return {each["metric"].get("job", ""): each["value"][1] for each in found}


def test_it_is_scraped_has_the_rules_that_ship_and_is_gone_afterwards(
    midnight: Midnight, client: DockerClient
) -> None:
    done = midnight("stack", "up", "--target", "docker", "--profile", "hardened", "--with", "monitoring")
    try:
        assert done.code == 0, done
        urls = dict(re.findall(rf"^  ({'|'.join(SERVERS)}): (http\S+)$", done.out, re.M))
        assert set(urls) == SERVERS
        wait_until(lambda: query(urls["prometheus"], "up") == {"api": "1", "node": "1", "probe": "1"})
        wait_until(lambda: query(urls["prometheus"], "probe_success") == {"probe": "1"})
        groups = ask(urls["prometheus"], "/api/v1/rules?type=alert")["data"]["groups"]
        assert {"ApiDown", "PoolNearlyFull"} <= {rule["name"] for group in groups for rule in group["rules"]}
        assert all(rule["health"] != "err" for group in groups for rule in group["rules"])
        assert ask(urls["alertmanager"], "/api/v2/receivers") == [{"name": "midnight"}]
        wanted: dict[str, Any] = {"label": "midnight.run", "health": "healthy"}
        wait_until(lambda: services(client.containers.list(filters=wanted)) >= SERVERS)

        (api,) = client.containers.list(filters={"label": "midnight.service=api"})
        api.pause()
        wait_until(lambda: bool(query(urls["prometheus"], 'ALERTS{alertname="ApiDown",alertstate="firing"}')))
    finally:
        down = midnight("stack", "down", "--target", "docker")
    assert down.code == 0, down
    for url in urls.values():
        with pytest.raises(OSError, match="refused"):
            ask(url, "/")


@pytest.mark.full
def test_an_alert_is_delivered_to_a_run_that_leaves_nothing_when_it_is_killed(
    midnight: Midnight, client: DockerClient
) -> None:
    file = experiment(midnight.place, LESS, play=60.0)
    process = midnight.start(
        "run", file, "--target", "docker", "--profile", "hardened", "--with", "monitoring"
    )
    wait_for(midnight, process, is_injected)
    reached = Journal(midnight.run).latest(WatchReached, "alertmanager")
    assert reached is not None and reached.wired
    alert = json.dumps([{"labels": {"alertname": "Posted", "severity": "page"}}]).encode()
    asked = urllib.request.Request(
        f"{reached.url}/api/v2/alerts", data=alert, headers={"Content-Type": "application/json"}
    )
    urllib.request.urlopen(asked, timeout=5).close()
    wait_for(midnight, process, lambda event: event.name == "Posted" and AlertDelivered.of(event) is not None)
    (prometheus,) = client.containers.list(filters={"label": "midnight.service=prometheus"})
    assert prometheus.status == "running"

    os.kill(process.pid, signal.SIGKILL)
    process.wait()

    assert healed_in(midnight) < HEALED_WITHIN
    assert outstanding(midnight.run) == []


@pytest.mark.full
def test_a_frozen_api_pages_midnight_and_breaks_what_prometheus_saw(midnight: Midnight) -> None:
    file = Path(experiment(midnight.place, FREEZE, play=22.0, extra=PAGED))
    file.write_text(file.read_text().replace("slos:\n", f"slos:\n{ASKED}", 1))
    done = midnight("run", str(file), "--target", "docker", "--profile", "hardened", "--with", "monitoring")
    found = {key: value for key, value in midnight.outcomes().items() if key.startswith(("alerts", "query"))}
    assert found == {
        "alerts: down": "pass",
        "alerts: down: delivered": "pass",
        "query: probed": "fail",
        "query: served": "pass",
    }, (midnight.verdict["findings"], done)


def test_compose_brings_the_profile_up(images: dict[str, str]) -> None:
    ports = {f"{name.upper()}_PORT": free_port() for name in SERVERS}
    env = {**os.environ, **images, **{name: str(port) for name, port in ports.items()}}
    file = PROJECT / "targets/compose/compose.yaml"
    argv = [*foreign.compose_command(), "-p", "test-monitoring", "-f", str(file), "--profile", "monitoring"]

    def compose(*arguments: str) -> None:
        done = subprocess.run(
            [*argv, *arguments], env=env, capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == 0, done.stderr

    try:
        compose("up", "-d", *sorted(SERVERS))
        url = {name: f"http://127.0.0.1:{ports[f'{name.upper()}_PORT']}" for name in SERVERS}
        wait_until(lambda: all(ask(url[name], path) for name, path in READY.items()))
        groups = ask(url["prometheus"], "/api/v1/rules?type=alert")["data"]["groups"]
        assert {"ApiDown", "PoolNearlyFull"} <= {rule["name"] for group in groups for rule in group["rules"]}
        assert b"node_memory_MemAvailable_bytes" in ask(url["node_exporter"], "/metrics")
    finally:
        compose("down", "-v")
