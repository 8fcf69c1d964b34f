"""An engine is found as the Docker client finds it, and one that cannot be used is one line with the remedy."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from chaos import engine
from chaos.cli import target
from chaos.engine.client import refuse_old, require_here
from chaos.errors import ToolMissing
from chaos.plan import build
from chaos.plugin.handles import EngineAt
from chaos.targets.compose.discovery import discover
from chaos.targets.compose.options import ComposeOptions

pytest.importorskip("docker")


@pytest.fixture(autouse=True)
def no_engine_of_the_users(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))


def test_an_engine_is_found_by_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///run/mine")
    assert engine.find() == EngineAt("unix:///run/mine")


def test_an_engine_is_found_by_the_context_in_use(tmp_path: Path) -> None:
    place = tmp_path / "contexts/meta" / sha256(b"elsewhere").hexdigest()
    place.mkdir(parents=True)
    endpoint = {"docker": {"Host": "unix:///run/elsewhere", "SkipTLSVerify": False}}
    (place / "meta.json").write_text(json.dumps({"Name": "elsewhere", "Metadata": {}, "Endpoints": endpoint}))
    (tmp_path / "config.json").write_text(json.dumps({"currentContext": "elsewhere"}))
    assert engine.find().url == "unix:///run/elsewhere"


def test_an_engine_without_variable_or_context_is_found_at_its_usual_socket() -> None:
    assert engine.find().url.endswith("/var/run/docker.sock")


def test_a_missing_engine_is_one_line_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(ToolMissing) as told:
        engine.ping(EngineAt(f"unix://{tmp_path}/none"))
    assert "No such file" in str(told.value) and "DOCKER_HOST" in str(told.value)
    assert "\n" not in str(told.value)


def test_an_engine_that_is_too_old_is_refused_with_the_version_needed() -> None:
    with pytest.raises(
        ToolMissing, match=r"speaks API 1\.26; 1\.41 or later is required; install Docker Engine 20\.10"
    ):
        refuse_old(EngineAt("unix:///run/old"), {"ApiVersion": "1.26"})
    refuse_old(EngineAt("unix:///run/new"), {"ApiVersion": "1.41"})


@pytest.fixture
def an_ordinary_user() -> Iterator[None]:
    """As root, be nobody for the length of the test: root is let in everywhere."""
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    yield
    if root:
        os.seteuid(0)


def test_an_engine_that_does_not_let_us_in_names_its_group(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "closed"))
        (tmp_path / "closed").chmod(0)
        engine.client.require_sdk()  # loaded now: what it is loaded from may be root's alone
        request.getfixturevalue("an_ordinary_user")
        with pytest.raises(ToolMissing, match=r"usermod -aG docker \$USER"):
            engine.ping(EngineAt(f"unix://{tmp_path}/closed"))


@pytest.mark.parametrize(
    "url",
    [
        *("unix:///var/run/docker.sock", "http+unix:///run/mine", "npipe:////./pipe/docker_engine"),
        *(
            "tcp://127.0.0.1:2375",
            "tcp://localhost:2376",
            "tcp://[::1]:2375",
            "tcp://:2375",
            "127.0.0.1:2375",
        ),
    ],
)
def test_an_engine_of_this_machine_is_taken(url: str) -> None:
    require_here(EngineAt(url))


@pytest.mark.parametrize(
    "url", ["tcp://192.0.2.7:2376", "ssh://ops@host.example", "tcp://docker:2375", "192.0.2.7:2375"]
)
def test_an_engine_on_another_machine_is_one_line_with_the_remedy(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", url)
    planned = build.build("smoke", "docker")
    driver = planned.driver(planned.target, planned.options, planned.settings, {})
    shop = ComposeOptions.model_validate({"project": "shop", "api": {"service": "web"}})
    refused: list[Callable[[], object]] = [
        lambda: driver.versions,
        lambda: discover(shop),
        lambda: target.wire("compose:shop"),
    ]
    for ask in refused:
        with pytest.raises(ToolMissing, match=r"is on another machine.*unset DOCKER_HOST") as told:
            ask()
        assert url in str(told.value) and "\n" not in str(told.value)


def test_certificates_are_where_the_docker_client_looks(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    url = "tcp://127.0.0.1:2376"
    monkeypatch.setenv("DOCKER_HOST", url)
    assert engine.find().certs is None
    monkeypatch.setenv("DOCKER_TLS_VERIFY", "1")
    assert engine.find() == EngineAt(url, str(tmp_path))  # DOCKER_CONFIG
    monkeypatch.delenv("DOCKER_CONFIG")
    assert engine.find() == EngineAt(url, str(tmp_path / ".docker"))
    monkeypatch.setenv("DOCKER_CERT_PATH", "/etc/certs")
    assert engine.find() == EngineAt(url, "/etc/certs")


def test_a_socket_needs_no_certificates(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_TLS_VERIFY", "1")
    monkeypatch.setenv("DOCKER_HOST", "unix:///run/mine")
    assert engine.find() == EngineAt("unix:///run/mine")
