"""The Compose file is read as Compose reads it, and its profiles' variables agree with the profiles."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from chaos.errors import FileError
from chaos.targets.docker import compose_file, monitoring
from chaos.targets.embedded.monitoring import COLLECTORS
from tests.midnight import PROJECT

COMPOSE = PROJECT / "targets/compose"


def test_every_service_comes_after_those_it_depends_on() -> None:
    services = compose_file.read(COMPOSE / "compose.yaml", {})
    seen: set[str] = set()
    for service in services:
        assert service.after.keys() <= seen
        seen.add(service.name)
    assert seen == {"database", "model", "proxy", "prepare", "api", "exporter"}


def test_ports_are_published_on_this_machine_only() -> None:
    services = compose_file.read(COMPOSE / "compose.yaml", {})
    assert {host for service in services for host, _, _ in service.ports} == {"127.0.0.1"}


def test_every_service_is_limited_and_every_server_is_looked_after() -> None:
    services = {each.name: each for each in compose_file.read(COMPOSE / "compose.yaml", {})}
    assert all(each.memory and each.cpus for each in services.values())
    for name in ("database", "model", "proxy", "api", "exporter"):
        health = services[name].health
        assert health is not None and health["start_period"] >= 1e9


def test_the_profile_adds_the_monitoring_in_the_network_of_the_host() -> None:
    every = compose_file.read(COMPOSE / "compose.yaml", {}, ["monitoring"])
    added = {each.name: each for each in every if each.of_host}
    assert added.keys() == {"prometheus", "alertmanager", "node_exporter", "blackbox_exporter"}
    assert len(every) == len(compose_file.read(COMPOSE / "compose.yaml", {})) + 4
    assert all(each.health and not each.volumes and not each.ports for each in added.values())
    for each in added.values():
        (listens,) = (part for part in each.command if part.startswith("--web.listen-address="))
        assert listens.startswith("--web.listen-address=127.0.0.1:")
    collectors = [f"--collector.{name}" for name in COLLECTORS]
    assert added["node_exporter"].command[1:] == ("--collector.disable-defaults", *collectors)
    files = {place: path for each in added.values() for path, place in each.files}
    assert files.keys() == {monitoring.SCRAPING, monitoring.ROUTING, monitoring.RULES, monitoring.PROBING}
    assert all(path.exists() for path in files.values())


def test_compose_gets_the_configuration_that_the_driver_writes() -> None:
    ports = {
        "API_PORT": 18000,
        "METRICS_PORT": 19100,
        "NODE_EXPORTER_PORT": 19101,
        "ALERTMANAGER_PORT": 19093,
        "BLACKBOX_EXPORTER_PORT": 19115,
        "RECEIVER_PORT": 9095,
    }
    written = monitoring.contents(ports, "/readyz", "127.0.0.1:9464")
    text = (COMPOSE / "compose.yaml").read_text()
    assert all(f"${{{name}:-{port}}}" in text for name, port in ports.items() if name != "RECEIVER_PORT")
    for place, name in ((monitoring.SCRAPING, "prometheus"), (monitoring.ROUTING, "alertmanager")):
        shipped = YAML(typ="safe").load(PROJECT / f"deploy/monitoring/compose/{name}.yaml")
        assert shipped == json.loads(written[place]), name


def test_a_network_of_another_container_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "compose.yaml"
    file.write_text("services: {a: {image: a, cpus: 1, mem_limit: 1g, network_mode: 'service:b'}}\n")
    with pytest.raises(FileError, match="services: a: network_mode: only host is supported, got 'service:b'"):
        compose_file.read(file, {})


def test_a_value_stays_text_regardless_of_its_look() -> None:
    services = compose_file.read(COMPOSE / "compose.yaml", {"REFERENCE_SETTINGS": '{"a": [1]}'})
    api = next(each for each in services if each.name == "api")
    assert api.environment["REFERENCE_SETTINGS"] == '{"a": [1]}'


def test_an_option_that_this_driver_cannot_carry_out_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "compose.yaml"
    file.write_text("services: {a: {image: a, cpus: 1, mem_limit: 1g, privileged: true}}\n")
    with pytest.raises(FileError, match="services: a: privileged"):
        compose_file.read(file, {})


@pytest.mark.parametrize("profile", ["fragile", "hardened"])
def test_the_compose_environment_agrees_with_the_profile(profile: str) -> None:
    settings = YAML(typ="safe").load(PROJECT / f"targets/profiles/{profile}.yaml")["database"]["settings"]
    lines = dict(line.split("=", 1) for line in (COMPOSE / f"{profile}.env").read_text().splitlines()[1:])
    assert lines["PROFILE"] == profile
    assert lines["POSTGRES_COMMAND"] == " ".join(
        ["postgres", *(f"-c {key}={it}" for key, it in settings.items())]
    )
