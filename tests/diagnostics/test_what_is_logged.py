"""The log answers why midnight does not find something: where it looked, what it saw, what it decided."""

from __future__ import annotations

import json
import logging
import os
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from chaos import engine
from chaos.errors import ControlError, NoVerdict, UsageError
from chaos.host.described import described, unit_of
from chaos.plugin.handles import EngineAt
from chaos.schedule.triggers import Apscheduler
from chaos.spec import named_files
from chaos.targets.attach import processes, ready
from chaos.targets.attach.options import ProcessAt
from chaos.tools import postgresql, toxiproxy
from tests.accepting import answering
from tests.schedule.plans import schedule
from tests.schedule.simulated import World


@pytest.fixture(autouse=True)
def logged(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    with caplog.at_level(logging.DEBUG, "chaos"):
        yield caplog


class Docker(BaseHTTPRequestHandler):
    """As much of an engine as tells its version and refuses the rest."""

    def do_GET(self) -> None:
        found = self.path.endswith("/version")
        body = json.dumps(
            {"Version": "27.0", "ApiVersion": "1.46"} if found else {"message": "no such"}
        ).encode()
        self.send_response(200 if found else 404)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def server() -> Iterator[str]:
    """Its URL."""
    with answering(Docker) as url:
        yield url


def test_the_log_has_each_engine_request_with_its_status_and_no_body(
    server: str, caplog: pytest.LogCaptureFixture
) -> None:
    pytest.importorskip("docker")
    at = EngineAt(server.replace("http", "tcp"))
    engine.ping(at)
    with pytest.raises(ControlError), engine.connected(at) as client:
        client.containers.get("mine")
    assert f"connected to {at.url}, API 1.46" in caplog.text
    assert "GET /v1.46/version: 200 after " in caplog.text
    assert "GET /v1.46/containers/mine/json: 404 after " in caplog.text
    assert f"{at.url}: no such" in caplog.text


def test_a_client_that_is_not_watched_has_no_hook(server: str, caplog: pytest.LogCaptureFixture) -> None:
    pytest.importorskip("docker")
    caplog.set_level(logging.WARNING, "chaos")
    with engine.connected(EngineAt(server.replace("http", "tcp"))) as client:
        assert client.api.hooks["response"] == []


def test_the_log_says_where_a_tool_was_looked_for_and_why_one_was_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    old = tmp_path / "toxiproxy-server"
    old.write_text("#!/bin/sh\necho version 1.0.0\n")
    old.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("TOXIPROXY_URL", raising=False)
    toxiproxy.find()
    assert f"toxiproxy-server: {old}, looked for in {tmp_path}:" in caplog.text
    assert f"ran {old} --version: exit code 0 after " in caplog.text
    assert f"{old}: refused: {old} is version 1.0.0; 2.12 or a later 2.x" in caplog.text
    assert "toxiproxy-server-2.12.0 is not there" in caplog.text


def test_the_log_says_why_each_postgresql_was_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "pg/9/bin").mkdir(parents=True)
    monkeypatch.setenv("MIDNIGHT_POSTGRES", "system")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(postgresql, "_SYSTEM_DIRS", (f"{str(tmp_path)[1:]}/pg/*/bin",))
    monkeypatch.setattr("chaos.tools.command._ADMIN_DIRS", ())
    postgresql.find()
    assert "MIDNIGHT_POSTGRES=system" in caplog.text
    assert f"{tmp_path}/pg/9/bin: refused: {tmp_path}/pg/9/bin does not contain `initdb`" in caplog.text


def test_the_log_says_where_a_file_was_looked_for(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(UsageError):
        named_files.search("none-of-this-name", "targets")
    for place in named_files.folders("targets"):
        assert f"targets: looked for none-of-this-name in {place}: not there" in caplog.text


def test_a_process_that_was_found_with_its_ports_and_its_unit(caplog: pytest.LogCaptureFixture) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        processes.find([ProcessAt(pid=os.getpid())], "options: processes: api")
        port = listener.getsockname()[1]
    (line,) = [record.getMessage() for record in caplog.records if "processes: api" in record.getMessage()]
    assert f"PID {os.getpid()} (" in line and "unit " in line and f"127.0.0.1:{port}" in line


def test_a_process_that_has_ended_is_described_as_such() -> None:
    assert described(2**22 + 1) == f"PID {2**22 + 1} (ended)"
    assert unit_of(2**22 + 1) is None


def test_the_innermost_unit_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    cgroup = "0::/user.slice/user-1000.slice/user@1000.service/app.slice/shop.service/worker\n"
    monkeypatch.setattr(Path, "read_text", lambda *_: cgroup)
    assert unit_of(1) == "shop.service"


class Site:
    def __init__(self) -> None:
        self.stopping = threading.Event()

    def check(self) -> None: ...


def test_the_log_says_why_a_service_is_not_ready_once_for_each_reason(
    server: str, caplog: pytest.LogCaptureFixture
) -> None:
    closed = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{closed.getsockname()[1]}/"
    closed.close()
    with pytest.raises(NoVerdict):
        ready.wait_until_ready(url, {}, 0.5, Site(), any_answer=True)  # type: ignore[arg-type]
    said = [record.getMessage() for record in caplog.records if record.name == ready.__name__]
    assert len(said) == 2 and "refused" in said[1]
    ready.wait_until_ready(f"{server}/", {}, 5, Site(), any_answer=True)  # type: ignore[arg-type]
    assert f"{server}/: 404" in caplog.text


def test_the_log_has_each_decision_of_a_schedule(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    hourly = schedule(
        "0 * * * *",
        name="hourly",
        misfire={"late_within": "30m"},
        blackout=[{"from": "14:00", "to": "14:30"}],
    )
    world = World(tmp_path, hourly)
    world.add()
    world.pass_(hours=2, minutes=5)
    world.kill_all()
    world.pass_(hours=2, minutes=40)
    world.add()
    world.pass_(minutes=10)
    assert "hourly: due 2026-03-01 13:00:00+00:00: claimed (1) under token 1" in caplog.text
    assert "hourly: due 2026-03-01 14:00:00+00:00: skipped: blackout: " in caplog.text
    assert (
        "hourly: due 2026-03-01 16:00:00+00:00: missed: could not start within 30m of its due time"
        in caplog.text
    )
    assert "taking the lease of " in caplog.text


def test_the_next_wake_up_of_a_schedule(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    from chaos import database

    alarms = Apscheduler(database.connect(f"sqlite:///{tmp_path / 'a.db'}"), "holder", lambda: None)
    alarms.begin([schedule("0 0 1 1 *", name="yearly")], 1)
    alarms.end()
    assert "yearly: next wake-up 20" in caplog.text
