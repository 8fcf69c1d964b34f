"""Where the load enters, who holds the pool, who is hurt: roles of one service or several, replicas included."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any

import pytest
from pydantic import ValidationError

from chaos.engine.projects import Found
from chaos.errors import Refused, UsageError
from chaos.spec import wording
from chaos.targets.compose import discovery, guesses, proxies
from chaos.targets.compose.options import ComposeOptions
from chaos.targets.compose.reach import reach
from tests.compose.containers import found

DIFY = [
    found("api", environment={"DB_HOST": "db_postgres"}),
    found("db_postgres", image="postgres:15-alpine"),
    found("nginx", ports={80: ("0.0.0.0", 18080), 443: ("0.0.0.0", 18443)}),
    found("plugin_daemon", environment={"DB_HOST": "db_postgres"}, ports={5003: ("0.0.0.0", 5003)}),
    found("redis", image="redis:6-alpine"),
    found("worker", environment={"DB_HOST": "db_postgres"}),
]


def options(**given: Any) -> ComposeOptions:
    return ComposeOptions.model_validate({"project": "shop", "api": {"service": "api"}} | given)


def of_role(there: list[Found], service: str, role: str = "api") -> list[str]:
    return [each.name for each in discovery._of_role(tuple(there), role, (service,))]


def test_roles_are_services_one_or_several() -> None:
    given = options(
        entry={"service": "nginx", "port": 80},
        database={"service": "db", "port": 6432},
        roles={"worker": {"service": ["worker", "beat"]}},
        logs={"service": "api", "directory": "/l", "files": ["x"]},
    )
    assert given.services() == {
        "api": ("api",),
        "entry": ("nginx",),
        "worker": ("worker", "beat"),
        "database": ("db",),
        "logs": ("api",),
    }
    assert given.front.port == 80 and options().front.service == ("api",)


@pytest.mark.parametrize(
    ("given", "place", "words"),
    [
        ({"api": {"service": "a", "port": 1}, "entry": {"service": "e"}}, ("api",), "belong to `entry`"),
        ({"api": {"service": ["a", "b"]}}, ("api", "service"), "name the one where the load enters"),
        ({"entry": {"service": ["a", "b"]}}, ("entry", "service"), "name the one where the load enters"),
        ({"roles": {"proxy": {"service": "p"}}}, ("roles", "proxy"), "its own key"),
        ({"proxy": {"service": "p", "also": ["database"]}}, ("proxy", "also"), "see `name`"),
        (
            {"proxy": {"service": "p", "also": ["redis"], "crowds": {"rediss": {"env": "CROWD"}}}},
            ("proxy", "crowds", "rediss"),
            "is not under `also`; did you mean redis?",
        ),
        ({"database": {"port": 1}}, ("database", "service"), "is required, or an admin_dsn"),
        (
            {"database": {"service": "d", "kind": "other", "dsns": {"api": {"env": "X"}}}},
            ("database", "kind"),
            "",
        ),
        ({"api": {"service": []}}, ("api", "service"), "at least 1 entry"),
    ],
)
def test_roles_that_cannot_be_meant_are_refused_with_their_place(
    given: dict[str, Any], place: tuple[str, ...], words: str
) -> None:
    with pytest.raises(ValidationError) as told:
        options(**given)
    (broken,) = wording.rules(told.value, ComposeOptions, given)
    assert broken.place == place and words in broken.text


def test_replicas_are_one_role_and_those_scaled_away_do_not_count() -> None:
    there = [found("api", number=n) for n in (1, 2, 10)] + [found("api", number=11, status="exited")]
    assert of_role(there, "api") == ["shop-api-1", "shop-api-2", "shop-api-10"]


@pytest.mark.parametrize(
    ("there", "words"),
    [
        ([found("db")], "no container of service 'api' .scaled to 0"),
        ([found("api", status="exited")], "must be running; shop-api-1 is exited"),
        ([found("api"), found("api", number=2, status="restarting")], "shop-api-2 is restarting"),
        ([found("api", status="paused")], "shop-api-1 is paused"),
    ],
)
def test_a_role_without_a_running_container_is_refused_with_those_that_exist(
    there: list[Found], words: str
) -> None:
    with pytest.raises(UsageError, match=words):
        of_role(there, "api")


def test_a_replica_that_is_protected_protects_the_role() -> None:
    with pytest.raises(Refused, match="shop-api-2 is labelled"):
        of_role([found("api"), found("api", number=2, protected=True)], "api")


def test_a_database_has_one_container() -> None:
    with pytest.raises(UsageError, match="must have one running container, but has shop-db-1, shop-db-2"):
        of_role([found("db"), found("db", number=2)], "db", "database")


def test_a_published_port_is_reached_as_it_is() -> None:
    one = found("api", ports={8000: ("127.0.0.1", 18000)})
    assert (reach([one], None, "api").port, reach([one], None, "api").way) == (18000, None)
    assert reach([found("api", network_mode="host", networks={})], 8000, "api").port == 8000


@pytest.mark.parametrize(
    "ports",
    [{}, {8000: ("192.0.2.1", 18000)}, {9000: ("127.0.0.1", 19000)}],
    ids=["none", "elsewhere", "other"],
)
def test_a_port_that_is_not_published_here_is_reached_by_a_forwarder(ports: Any) -> None:
    way = reach([found("api", "back", ports=ports)], 8000, "api").way
    assert way is not None and (way.host, way.port, way.network) == ("shop-api-1", 8000, "back")


def test_replicas_are_reached_by_the_name_that_they_share() -> None:
    each = [found("api", number=n, ports={8000: ("0.0.0.0", 18100 + n)}) for n in (1, 2, 3)]
    way = reach(each, 8000, "api").way
    assert way is not None and way.host == "api"


def test_the_port_is_the_only_one_that_is_published_or_declared() -> None:
    way = reach([found("api", exposed=frozenset({5001}))], None, "api").way
    assert way is not None and way.port == 5001
    two = found("nginx", ports={80: ("", 1), 443: ("", 2)})
    with pytest.raises(UsageError, match=r"entry: give the `port` .* it publishes 80 on \*:1, 443 on \*:2"):
        reach([two], None, "entry")
    with pytest.raises(UsageError, match="it publishes none"):
        reach([found("api")], None, "api")


def test_a_service_without_a_network_cannot_be_reached_unpublished() -> None:
    with pytest.raises(UsageError, match="network_mode: none"):
        reach([found("api", networks={}, network_mode="none")], 80, "api")


def test_a_proxy_leads_to_what_its_upstream_names() -> None:
    there = [found("db", networks={"n": ["db", "pg"]}, addresses={"n": ("10.0.0.9",)})]
    for upstream in ("db:5432", "shop-db-1:5432", "pg:5432", "10.0.0.9:5432"):
        store = proxies.store_behind("database", upstream, there)
        assert (store.service, store.port) == ("db", 5432)
    outside = proxies.store_behind("database", "db.example.com:6432", there)
    assert (outside.service, outside.port, outside.containers) == ("db.example.com", 6432, ())


def test_logs_of_replicas_are_on_one_volume() -> None:
    place = PurePosixPath("/var/log/app")
    same = tuple(found("api", number=n, volumes={"/var/log/app": "logs"}) for n in (1, 2))
    discovery._check_logs(place, same)
    apart = tuple(found("api", number=n, volumes={"/var/log/app": f"v{n}"}) for n in (1, 2))
    with pytest.raises(UsageError, match="2 volumes"):
        discovery._check_logs(place, apart)
    with pytest.raises(UsageError, match="is not on a volume"):
        discovery._check_logs(place, (found("api"),))


def test_the_roles_of_difys_shape_are_guessed() -> None:
    assert guesses.roles(DIFY) == {"api": "api", "entry": "nginx", "database": "db_postgres"}
    document = guesses.target_file("dify", DIFY)["options"]
    assert document["entry"] == {"service": "nginx", "port": 80}


def test_a_project_of_two_has_one_that_is_api_and_entry() -> None:
    there = [
        found("web", ports={80: ("", 1)}, environment={"H": "db"}),
        found("db", image="pgvector/pgvector:pg16"),
    ]
    assert guesses.roles(there) == {"api": "web", "database": "db"}


def test_a_database_of_another_kind_is_given_without_logins() -> None:
    there = [found("web", ports={80: ("", 1)}, environment={"H": "db"}), found("db", image="mariadb:11")]
    assert guesses.target_file("x", there)["options"]["database"] == {
        "service": "db",
        "kind": "other",
        "port": 3306,
    }
