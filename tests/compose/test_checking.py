"""Who goes past the proxy is named; what holds a session for a moment, or may go past, is not taken for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from chaos.engine.projects import Found, Owner
from chaos.errors import UsageError
from chaos.path.sight import Unseen
from chaos.plugin.handles import EngineAt
from chaos.targets.compose import checking, sessions
from chaos.targets.compose.checking import Path
from chaos.targets.compose.sessions import Session, Sessions, lasting
from chaos.targets.compose.stores import Store
from tests.compose.containers import found

HERE = EngineAt("unix:///nowhere")
DB = found("db", image="postgres:17", ports={5432: ("", 15432)})
PROXY = found("midnight-proxy", image="toxiproxy")
STORE = Store("database", "db", 5432, (DB,))
API = found("api", environment={"DB_HOST": "db"})
WORKER = found("worker", environment={"DB_HOST": "db"})
NGINX = found("nginx", environment={"UPSTREAM": "http://api:5001"})
THERE = (DB, PROXY, API, WORKER, NGINX)


def owner(of: Found, **given: Any) -> Owner:
    told: dict[str, Any] = {"project": "shop", "one_off": False, "ours": False}
    return Owner(**(told | {"service": of.service, "container": of.name, "id": of.id} | given))


def checked(
    monkeypatch: pytest.MonkeyPatch,
    through: Mapping[str, int] | None = None,
    past: Mapping[str, int] | None = None,
    outside: Mapping[str, int] | None = None,
    there: tuple[Found, ...] = THERE,
    owners: Mapping[str, Owner] | None = None,
    **given: Any,
) -> Path:
    """By service what the engine shows, checked."""
    known = {each.id: owner(each) for each in there} | dict(owners or {})
    by_service = {each.service: id for id, each in known.items()}
    seen = Sessions(
        {by_service[name]: count for name, count in (through or {}).items()},
        {by_service[name]: count for name, count in (past or {}).items()},
        outside or {},
        known,
    )
    monkeypatch.setattr(sessions, "look", lambda *_: seen)
    return checking.check(HERE, STORE, PROXY, 5432, there, **({"api": ("api",)} | given))


def test_sessions_through_the_proxy_are_reported_by_service(monkeypatch: pytest.MonkeyPatch) -> None:
    path = checked(monkeypatch, {"api": 6, "worker": 3})
    path.refuse("shop")
    assert path.told == "6 of api, 3 of worker through midnight-proxy" and path.is_seen


def test_a_service_that_goes_past_is_named_with_what_to_type(monkeypatch: pytest.MonkeyPatch) -> None:
    path = checked(monkeypatch, {"api": 6}, {"worker": 3})
    with pytest.raises(UsageError, match=r"\(worker \(shop-worker-1\): 3\).*target wire compose:shop"):
        path.refuse("shop")


def test_a_single_replica_that_bypasses_the_proxy_is_named_by_its_container(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    second = found("api", number=2, environment={"DB_HOST": "db"})
    path = checked(monkeypatch, {"worker": 3}, {"api": 6}, there=(DB, PROXY, WORKER, second))
    with pytest.raises(UsageError, match=r"api \(shop-api-2\): 6"):
        path.refuse("shop")


@pytest.mark.parametrize(
    ("who", "given"),
    [
        (found("exporter"), {"may": ("exporter",)}),
        (found("standby", image="postgres:17"), {}),
        (found("migrate"), {"owners": {"id-of-shop-migrate-1": owner(found("migrate"), one_off=True)}}),
    ],
)
def test_a_service_allowed_to_bypass_the_proxy_is_not_refused(
    monkeypatch: pytest.MonkeyPatch, who: Found, given: dict[str, Any]
) -> None:
    checked(monkeypatch, {"api": 6}, {who.service: 1}, there=(*THERE, who), **given).refuse("shop")


def test_a_container_of_another_project_is_none_of_its_services(monkeypatch: pytest.MonkeyPatch) -> None:
    stranger = owner(found("stranger"), project="other", id="another")
    checked(monkeypatch, {"api": 6}, {"stranger": 1}, owners={"another": stranger}).refuse("shop")


def test_sessions_by_a_host_port_belong_to_the_service_whose_settings_name_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    by_port = found("job", environment={"URL": "postgres://u:p@host.docker.internal:15432/x"})
    path = checked(monkeypatch, {"api": 6}, outside={"10.0.0.1": 2}, there=(*THERE, by_port))
    with pytest.raises(UsageError, match=r"job, by way of 10.0.0.1: 2"):
        path.refuse("shop")
    checked(monkeypatch, {"api": 6}, outside={"10.0.0.1": 2}).refuse("shop")  # an operator's own psql


def test_an_api_whose_pool_opens_late_is_neither_refused_nor_counted_as_seen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    wired = found("api", links=frozenset({(PROXY.name, "db")}))  # its settings lie in a file of its own
    for through, api in (({}, API), ({"worker": 3}, API), ({"worker": 3}, wired)):
        path = checked(monkeypatch, through, there=(DB, PROXY, api, WORKER))
        path.refuse("shop")
        assert not path.is_seen


def test_a_gateway_that_was_taken_for_the_api_is_refused_with_those_that_hold_the_pool(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = checked(monkeypatch, {"api": 6, "worker": 3}, api=("nginx",))
    with pytest.raises(UsageError, match=r"no session of nginx .* those of api, worker do; name .*`entry`"):
        path.refuse("shop")


def test_sessions_that_cannot_be_seen_are_refused_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    def unseen(*_: object) -> Sessions:
        raise Unseen("this kernel shows no sockets")

    monkeypatch.setattr(sessions, "look", unseen)
    with pytest.raises(UsageError, match="cannot be seen: this kernel shows no sockets"):
        checking.check(HERE, STORE, PROXY, 5432, THERE)


def looks(*there: list[Session]) -> list[tuple[float, list[Session]]]:
    return [(at * 0.2, each) for at, each in enumerate(there)]


A, B = (1, "10.0.0.1"), (2, "10.0.0.1")


def test_a_session_counts_when_it_lasts() -> None:
    assert lasting(looks([A, B], [A, B], [A, B], [A, B], [A, B])) == {"10.0.0.1": 2}
    assert lasting(looks([A], [A], [A], [A], [A, B])) == {"10.0.0.1": 1}


def test_a_health_check_or_a_job_of_a_moment_does_not_count() -> None:
    assert lasting(looks([], [A], [], [], [B])) == {}
    assert lasting(looks([A], [A], [], [], [])) == {}
    assert lasting([]) == {}


def test_a_service_that_reconnects_for_each_request_counts_once() -> None:
    assert lasting(looks(*([(n, "10.0.0.1")] for n in range(5)))) == {"10.0.0.1": 1}
    assert lasting(looks(*([(n, "10.0.0.1")] if n % 2 else [] for n in range(6)))) == {}
