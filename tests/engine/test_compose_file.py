"""The Compose file is read as Compose reads it, and its profiles' variables agree with the profiles."""

from __future__ import annotations

from pathlib import Path

import pytest
from ruamel.yaml import YAML

from chaos.errors import FileError
from chaos.targets.docker import compose_file
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
