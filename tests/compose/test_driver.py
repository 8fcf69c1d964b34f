"""What the driver says of the path before a run, and what it looks at again under load."""

from __future__ import annotations

from typing import Any

import pytest

from chaos.engine.projects import Owner
from chaos.errors import NoVerdict
from chaos.plugin.handles import EngineAt, Proxy
from chaos.plugin.probe import Answer
from chaos.spec.target import Target
from chaos.targets import probing
from chaos.targets.compose import checking, driver
from chaos.targets.compose.checking import Path
from chaos.targets.compose.discovery import Discovered
from chaos.targets.compose.driver import ComposeDriver
from chaos.targets.compose.options import ComposeOptions
from chaos.targets.compose.proxies import Guarded
from chaos.targets.compose.sessions import Sessions
from chaos.targets.compose.stores import Store
from tests.compose.containers import found

DB, PROXY, API = found("db"), found("midnight-proxy"), found("api")
STORE = Store("database", "db", 5432, (DB,))
OPTIONS: dict[str, Any] = {
    "project": "shop",
    "api": {"service": "api"},
    "database": {"service": "db"},
    "proxy": {"service": "midnight-proxy"},
}


def made(monkeypatch: pytest.MonkeyPatch, *paths: Path) -> ComposeDriver:
    """A driver that sees these paths, one after the other."""
    guarded = Guarded(Proxy("http://127.0.0.1:1", "database", ":5432", "db:5432"), 5432, "127.0.0.1:2", STORE)
    there = {"api": (API,), "database": (DB,), "proxy": (PROXY,)}
    discovered = Discovered(
        EngineAt("unix:///nowhere"), there, (DB, PROXY, API), "", {}, (), {"database": guarded}, (), ()
    )
    coming = iter(paths)
    monkeypatch.setattr(driver, "discover", lambda _: discovered)
    monkeypatch.setattr(checking, "check", lambda *_, **__: next(coming))
    monkeypatch.setattr(probing, "probe_proxy", lambda *_: ())
    options = ComposeOptions.model_validate(OPTIONS)
    target = Target.model_validate(
        {"name": "shop", "driver": "compose", "routes": {"read": {"path": "/"}}, "options": OPTIONS}
    )
    return ComposeDriver(target, options, {}, {})


def path(through: int = 0, past: int = 0) -> Path:
    owner = Owner("shop", "api", API.name, API.id, one_off=False, ours=False)
    seen = Sessions({API.id: through} if through else {}, {}, {}, {API.id: owner})
    return Path(STORE, "midnight-proxy", seen, {"api (shop-api-1)": past} if past else {}, ("api",), None)


def test_the_probe_reports_a_path_that_is_the_services_own(monkeypatch: pytest.MonkeyPatch) -> None:
    made_driver = made(monkeypatch, path(through=6))
    (probe,) = made_driver.probes()
    assert probe.answer is Answer.YES and probe.because == "6 of api through midnight-proxy"


def test_a_service_that_goes_past_is_a_no_with_what_to_type(monkeypatch: pytest.MonkeyPatch) -> None:
    (probe,) = made(monkeypatch, path(through=6, past=2)).probes()
    assert probe.answer is Answer.NO
    assert "bypass midnight-proxy (api (shop-api-1): 2)" in probe.line
    assert "run: midnight target wire compose:shop" in probe.line and "\n" not in probe.line


def test_a_pool_that_opened_late_and_goes_past_ends_the_run_before_the_first_step(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    late = made(monkeypatch, path(), path(past=6))
    list(late.probes())
    with pytest.raises(NoVerdict, match="nothing was injected"):
        late.recheck()


def test_a_pool_that_opened_late_and_comes_through_is_played_on(monkeypatch: pytest.MonkeyPatch) -> None:
    late = made(monkeypatch, path(), path(through=6))
    list(late.probes())
    late.recheck()


def test_a_path_seen_before_the_run_is_not_checked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    early = made(monkeypatch, path(through=6))
    list(early.probes())
    early.recheck()  # a second look would end the iterator
