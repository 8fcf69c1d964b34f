"""`midnight stack up` prints what one types next: URLs to curl, psql, where the logs are. No password is printed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from chaos.cli import stack_shown
from chaos.plugin.handles import ContainerRef, Database, EngineAt, Handles, LogFiles
from chaos.spec.target import Target
from chaos.tools import postgresql

DSN = "host=127.0.0.1 port=5433 user=api dbname=shop password=hunter2 connect_timeout=5"


def target(**more: Any) -> Target:
    routes = {
        "read": {"path": "/items/{item}", "items": 100},
        "all": {"path": "/items?json={{}}"},
        "add": {"path": "/items", "method": "POST"},
        "mine": {"path": "/carts/{token}"},
    }
    session = [{"method": "POST", "path": "/login", "take": {"token": "$.token"}}]
    return Target.model_validate(
        {"name": "shop", "driver": "attach", "ready": "/ready", "routes": routes, "session": session, **more}
    )


def logs(directory: Path, **more: Any) -> LogFiles:
    return LogFiles(
        directory,
        (directory / "app.log",),
        "rename",
        None,
        "normal",
        None,
        "api",
        unrotated=(directory / "error.log",),
        **more,
    )


def typed(given: Target, **handles: Any) -> list[str]:
    return list(stack_shown.to_type(given, Handles(**handles)))


def test_readiness_and_every_route_that_anyone_can_ask_are_urls_to_curl() -> None:
    assert typed(target(), base_url="http://127.0.0.1:8000/") == [
        "curl http://127.0.0.1:8000/ready",
        "curl http://127.0.0.1:8000/items/1",
        "curl 'http://127.0.0.1:8000/items?json={}'",
    ]


def test_a_route_that_needs_a_header_is_left_out() -> None:
    given = target(headers={"X-Session": "{token}"})
    assert typed(given, base_url="http://127.0.0.1:8000") == ["curl http://127.0.0.1:8000/ready"]


@pytest.mark.usefixtures("psql_on_path")
def test_psql_connects_as_the_service_and_without_its_password() -> None:
    given = Database(DSN.replace("api", "postgres"), {"batch": "user=batch", "api": DSN}, "127.0.0.1:5434")
    (line,) = typed(target(), databases={"primary": given})
    assert line == "psql 'user=api dbname=shop host=127.0.0.1 port=5433'"


def test_psql_is_named_by_its_path_where_it_is_not_on_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda _: None)
    given = Database("host=/run user=postgres", {}, "127.0.0.1:5434")
    (line,) = typed(target(), databases={"primary": given})
    assert line == f"{postgresql.installation().bin}/psql 'user=postgres host=/run'"


def test_logs_here_are_followed_here_and_others_in_their_container(tmp_path: Path) -> None:
    assert typed(target(), logs=logs(tmp_path)) == [f"tail -F {tmp_path}/app.log {tmp_path}/error.log"]
    away = logs(
        tmp_path / "gone",
        container=ContainerRef(EngineAt("unix:///run/docker.sock"), "4f2a", "shop-api-1"),
        inside=Path("/var/log/shop"),
    )
    assert typed(target(), logs=away) == [
        "docker exec shop-api-1 tail -F /var/log/shop/app.log /var/log/shop/error.log"
    ]


@pytest.fixture
def psql_on_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda name: f"/usr/bin/{name}")
