"""The override that puts a proxy into a project: before every user, on the project's networks, under every name."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from chaos.engine.projects import PROJECT, Found
from chaos.targets.compose import wiring
from chaos.targets.compose.networks import NETWORK, VERSION, Joined, joined, meeting
from chaos.targets.compose.stores import Store, User, users_of
from chaos.targets.compose.wiring import KEEPER, PROXY, Wired
from tests.compose.containers import found

pytest.importorskip("docker")
from tests.docker import foreign

PORTS = {"control": 18474, "database": 15432, "redis": 16379}
DB = found("db", image="postgres:17", addresses={"shop_default": ("10.0.0.9",)}, ports={5432: ("", 25432)})
REDIS = found("redis", image="redis:7", ports={})
STORE, CACHE = Store("database", "db", 5432, (DB,)), Store("redis", "redis", 6379, (REDIS,))
THEIRS = """
services:
  db: {image: postgres, networks: [back, shared]}
  web: {image: shop, networks: [back, shared]}
networks:
  back: {name: their-own-name}
  shared: {external: true, name: shared-by-all}
"""


def document(*networks: Joined) -> dict[str, Any]:
    used = [(STORE, [User("web", frozenset({"db"}), containers=(found("web"),))])]
    return wiring.override(used, wiring.plan(used, [DB, found("web")], PORTS), PORTS, networks)


def planned(there: Sequence[Found], *stores: Store) -> dict[str, Wired]:
    used = [(store, users_of(store, [DB, REDIS, *there], {})) for store in stores or (STORE,)]
    return wiring.plan(used, [DB, REDIS, *there], PORTS)


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


def test_the_proxy_meets_each_user_and_the_database() -> None:
    store = Store("database", "db", 5432, (found("db", "back", "backup"),))

    def met(*containers: Found) -> list[str]:
        users = [User(each.service, containers=(each,)) for each in containers]
        return meeting(store, users, {each.id: each for each in containers})

    assert met(found("web", "front", "back")) == ["back"]
    assert met(found("web", "front", "back"), found("job", "backup")) == ["back", "backup"]
    assert met(found("web", "front")) == ["back", "backup", "front"]  # it came by a port of the machine
    web = found("web", "front", "back")
    beside = found("side", networks={}, addresses={}, network_mode=f"container:{web.id}")
    users = [User("side", containers=(beside,))]
    assert meeting(store, users, {web.id: web, beside.id: beside}) == ["back"]
    assert meeting(store, [User("job")], {}) == ["back", "backup"]  # it has no container yet


def test_every_user_finds_the_proxy_under_every_name_of_what_it_uses() -> None:
    api = found("api", environment={"DB_HOST": "db", "CACHE": "redis:6379"})
    worker = found("worker", environment={"DB": "x", "H": "old"}, links=frozenset({("shop-db-1", "old")}))
    beat = found("beat", environment={"BROKER": "redis://redis"})
    wired = planned([api, worker, beat, found("web")], STORE, CACHE)
    assert {name: list(each.links) for name, each in wired.items()} == {
        "api": ["db", "shop-db-1", "redis", "shop-redis-1"],
        "worker": ["db", "old", "shop-db-1"],
        "beat": ["redis", "shop-redis-1"],
    }
    assert not any(each.left for each in wired.values())


def test_a_service_in_anothers_network_is_rewired_and_recreated_with_it() -> None:
    api = found("api", environment={"DB_HOST": "db"})
    mode: dict[str, Any] = {"networks": {}, "addresses": {}, "network_mode": f"container:{api.id}"}
    side, idle = found("side", environment={"DB_HOST": "db"}, **mode), found("idle", **mode)
    wired = planned([api, side, idle])
    assert list(wired["api"].links) == ["db", "shop-db-1"] and not wired["side"].links
    assert wired["side"].again and wired["idle"].again
    written = wiring.override([(STORE, [])], wired, PORTS, [])["services"]
    assert set(written["idle"]) == {"depends_on"}


def test_a_setting_that_leads_past_every_name_is_replaced_where_it_holds_no_secret() -> None:
    by_address = found("a", environment={"DB_HOST": "10.0.0.9"})
    url = found("b", environment={"URL": "redis://host.docker.internal:25432/0"})
    by_port = found("c", environment={"DB_HOST": "host.docker.internal", "DB_PORT": "25432"})
    on_host = found("d", environment={"DB_HOST": "127.0.0.1", "DB_PORT": "25432"}, network_mode="host")
    wired = planned([by_address, url, by_port, on_host])
    assert {name: each.environment for name, each in wired.items()} == {
        "a": {"DB_HOST": PROXY},
        "b": {"URL": f"redis://{PROXY}:5432/0"},
        "c": {"DB_HOST": PROXY, "DB_PORT": "5432"},
        "d": {"DB_HOST": "127.0.0.1", "DB_PORT": "15432"},
    }
    assert not any(each.links or each.left for each in wired.values())


def test_a_setting_with_a_secret_is_left_and_reported_without_the_secret() -> None:
    secret = found("a", environment={"URL": "postgres://u:hunter2@10.0.0.9:5432/x"})
    words = found("b", words=("run", "--db-host", "10.0.0.9"))
    wired = planned([secret, words])
    assert not any(each.environment or each.links for each in wired.values())
    (said,) = wired["a"].left
    assert "URL leads to 10.0.0.9:5432" in said and f"{PROXY}:5432" in said and "hunter2" not in said
    assert "its command line leads to 10.0.0.9" in wired["b"].left[0]


def test_a_service_in_the_databases_own_network_cannot_be_rewired() -> None:
    beside = found("a", environment={"DB_HOST": "db"}, network_mode=f"container:{DB.id}", networks={})
    assert "it shares the network of db" in planned([beside])["a"].left[0]


def test_proxy_and_keeper_come_back_after_a_restart_of_the_engine() -> None:
    services = document(Joined("default"))["services"]
    assert {services[name]["restart"] for name in (PROXY, KEEPER)} == {"unless-stopped"}


def test_the_database_is_not_changed_and_nothing_is_published_beyond_this_machine() -> None:
    services = document(Joined("default"))["services"]
    assert set(services) == {PROXY, KEEPER, "web"}
    assert services[PROXY]["ports"] == ["127.0.0.1:18474:8474", "127.0.0.1:15432:5432"]


@pytest.mark.parametrize("version", ["", 'version: "2.4"', 'version: "3.8"'])
def test_compose_takes_it_beside_the_projects_own_file(tmp_path: Path, version: str) -> None:
    command = foreign.compose_command()
    if command is None:
        because = "neither `docker compose` nor docker-compose is here"
        (pytest.fail if os.environ.get("REQUIRE_DOCKER") == "1" else pytest.skip)(because)
    theirs, ours = tmp_path / "compose.yaml", tmp_path / "midnight.yaml"
    theirs.write_text(version + THEIRS)
    shared_by_all = joined("shop", "shared-by-all", {})
    YAML().dump(document(Joined("back"), shared_by_all), ours)
    argv = [*command, "-f", str(theirs), "-f", str(ours), "config"]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    merged = YAML(typ="safe").load(done.stdout)
    assert set(merged["services"][PROXY]["networks"]) == {"back", "midnight-shared-by-all"}
    assert merged["networks"]["midnight-shared-by-all"]["name"] == "shared-by-all"
    assert f"{PROXY}:db" in merged["services"]["web"]["links"]
