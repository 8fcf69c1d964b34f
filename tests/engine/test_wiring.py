"""The override that puts a proxy into a project joins the project's networks, however they are named."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from chaos.engine.projects import PROJECT, Found
from chaos.targets.compose import wiring
from chaos.targets.compose.networks import NETWORK, VERSION, Joined, joined, shared
from chaos.targets.compose.wiring import KEEPER, PROXY

pytest.importorskip("docker")
from tests.docker import foreign

PORTS = {"control": 18474, "proxied": 15432, "database": 25432}
THEIRS = """
services:
  db: {image: postgres, networks: [back, shared]}
  web: {image: shop, networks: [back, shared]}
networks:
  back: {name: their-own-name}
  shared: {external: true, name: shared-by-all}
"""


def found(service: str, *networks: str) -> Found:
    aliases: dict[str, list[str]] = {network: [service] for network in networks}
    return Found(service, f"shop-{service}-1", service, service, "running", False, {}, {}, aliases, {})


def document(*networks: Joined) -> dict[str, Any]:
    return wiring.override(found("web", "any"), found("db", "any"), PORTS, networks)


def labels(network: str, version: str = "2.29.1", project: str = "shop") -> dict[str, str]:
    return {PROJECT: project, NETWORK: network, VERSION: version}


@pytest.mark.parametrize(
    ("name", "told", "expected"),
    [
        ("shop_default", labels("default"), Joined("default")),
        ("their-own-name", labels("back"), Joined("back")),
        ("back", labels("back"), Joined("back")),
        ("all", {}, Joined("midnight-all", {"external": True, "name": "all"})),
        ("all", labels("all", project="it"), Joined("midnight-all", {"external": True, "name": "all"})),
        ("back", labels("back", "1.29.2"), Joined("midnight-back", {"name": "back"})),
        ("shop_default", labels("default", "1.29.2"), Joined("default")),
    ],
)
def test_a_network_is_joined_by_its_key_or_declared(
    name: str, told: dict[str, str], expected: Joined
) -> None:
    assert joined("shop", name, told) == expected


def test_api_and_database_meet_on_the_networks_that_they_share() -> None:
    assert shared(found("web", "front", "back"), found("db", "back", "backup")) == ["back"]
    assert shared(found("web", "front"), found("db", "back")) == ["back"]


def test_proxy_and_keeper_come_back_after_a_restart_of_the_engine() -> None:
    services = document(Joined("default"))["services"]
    assert {services[name]["restart"] for name in (PROXY, KEEPER)} == {"unless-stopped"}


def test_compose_takes_it_beside_the_projects_own_file(tmp_path: Path) -> None:
    command = foreign.compose_command()
    if command is None:
        because = "neither `docker compose` nor docker-compose is here"
        (pytest.fail if os.environ.get("REQUIRE_DOCKER") == "1" else pytest.skip)(because)
    theirs, ours = tmp_path / "compose.yaml", tmp_path / "midnight.yaml"
    theirs.write_text(THEIRS)
    shared_by_all = joined("shop", "shared-by-all", {})
    YAML().dump(document(Joined("back"), shared_by_all), ours)
    argv = [*command, "-f", str(theirs), "-f", str(ours), "config"]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    merged = YAML(typ="safe").load(done.stdout)
    assert set(merged["services"][PROXY]["networks"]) == {"back", "midnight-shared-by-all"}
    assert merged["networks"]["midnight-shared-by-all"]["name"] == "shared-by-all"
