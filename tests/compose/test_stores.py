"""Who uses a database, under which names, and whose settings lead past every name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from chaos.engine.projects import DIRECTORY, FILES
from chaos.targets.compose import absent
from chaos.targets.compose.stores import Past, Store, users_of
from tests.compose.containers import found

DB = found(
    "db",
    "shop_back",
    image="pgvector/pgvector:pg16",
    networks={"shop_back": ["db", "pg.internal"]},
    addresses={"shop_back": ("10.0.0.9",)},
    ports={5432: ("127.0.0.1", 15432)},
)
STORE = Store("database", "db", 5432, (DB,))


def used(sessions: int = 0, **given: Any) -> dict[str, Any]:
    """What is seen of one service with these settings; empty where it is no user."""
    mine = found("web", "shop_back", **given)
    users = users_of(STORE, [DB, mine], {mine.id: sessions})
    return {"names": users[0].names, "past": users[0].past} if users else {}


@pytest.mark.parametrize(
    "variables",
    [
        {"DB_HOST": "db"},
        {"DATABASE_URL": "postgresql://u:p@db:5432/x"},
        {"DSN": "host=db dbname=x"},
        {"FROM_FILE": "db:5432"},
        {"DB_HOST": "db.shop_back"},
    ],
)
def test_a_user_is_recognised_by_its_settings(variables: dict[str, str]) -> None:
    assert used(environment=variables) == {"names": {"db"}, "past": ()}


def test_a_user_is_recognised_by_the_containers_name_an_alias_or_a_link() -> None:
    assert used(environment={"H": "shop-db-1"})["names"] == {"shop-db-1"}
    assert used(environment={"H": "pg.internal"})["names"] == {"pg.internal"}
    legacy = used(environment={"H": "oldname"}, links=frozenset({("shop-db-1", "oldname")}))
    assert legacy["names"] == {"oldname"}
    assert used(environment={"H": "oldname"}, links=frozenset({("shop-other-1", "oldname")})) == {}


def test_a_user_is_recognised_by_its_command_line_its_health_check_or_a_session() -> None:
    assert used(words=("sh", "-c", "wait-for-it db:5432 && run"))["names"] == {"db"}
    assert used(words=("CMD", "pg_isready", "-h", "db"))["names"] == {"db"}
    assert used(sessions=3) == {"names": frozenset(), "past": ()}


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"environment": {"UPSTREAM": "http://api:5001", "DB_NAME": "db"}},
        {"environment": {"H": "db.example.com"}},
        {"environment": {"H": "localhost", "HPORT": "15432"}},
        {"image": "postgres:16", "environment": {"PRIMARY_HOST": "db"}},  # a standby
    ],
)
def test_a_service_with_a_foreign_address_and_a_standby_are_not_users(given: dict[str, Any]) -> None:
    assert used(**given) == {}


def test_an_address_or_a_port_of_the_machine_leads_past_every_name() -> None:
    def past(**given: Any) -> Any:
        return used(**given)["past"]

    assert past(environment={"DB_HOST": "10.0.0.9"}) == (Past("DB_HOST", "10.0.0.9", None),)
    url = {"URL": "postgres://u:p@host.docker.internal:15432/x"}
    assert past(environment=url) == (Past("URL", "host.docker.internal", 15432),)
    named = past(environment={"DB_HOST": "outer", "DB_PORT": "15432"}, hosts={"outer": "host-gateway"})
    assert named == (Past("DB_HOST", "outer", 15432),)
    assert past(environment={"H": "127.0.0.1:15432"}, network_mode="host") == (Past("H", "127.0.0.1", 15432),)
    beside = past(environment={"H": "localhost:5432"}, network_mode=f"container:{DB.id}")
    assert beside == (Past("H", "localhost", 5432),)


def test_a_database_outside_of_the_project_is_known_by_its_host_or_its_address() -> None:
    web = found("web", environment={"URL": "postgres://u:p@pg.example.com:5432/x"})
    (user,) = users_of(Store("database", "pg.example.com", 5432, ()), [web], {})
    assert user.names == {"pg.example.com"} and not user.past
    by_address = found("web", environment={"DB_HOST": "192.0.2.9"})
    (user,) = users_of(Store("database", "192.0.2.9", 5432, ()), [by_address], {})
    assert not user.names and user.past == (Past("DB_HOST", "192.0.2.9", None),)


def test_a_service_without_a_container_is_known_by_the_files_of_the_project(tmp_path: Path) -> None:
    (tmp_path / "more.env").write_text("# no\nDB_HOST='db'\n")
    (tmp_path / "compose.yaml").write_text(
        "x-e: &e {DB_HOST: db}\nservices:\n"
        "  web: {image: x}\n"
        "  job: {image: x, profiles: [jobs], environment: {<<: *e}}\n"
        "  listed: {image: x, environment: ['URL=${URL:-postgres://db/x}']}\n"
        "  filed: {image: x, env_file: [more.env]}\n"
        "  told: {image: x, command: wait-for-it db:5432}\n"
        "  other: {image: x}\n"
    )
    (tmp_path / "broken.yaml").write_text("services: [\n")
    labels = {DIRECTORY: str(tmp_path), FILES: "compose.yaml,broken.yaml,gone.yaml"}
    there = [DB, found("web", "shop_back", labels=labels)]
    users = users_of(STORE, [*there, *absent.services(there)], {})
    assert {user.service for user in users} == {"job", "listed", "filed", "told"}
