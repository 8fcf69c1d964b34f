"""What `midnight init` says of a service is so: a directory, a runtime and an echo are what they are."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from chaos.first_target import asking, service, shown_gauges, stores, variables
from chaos.first_target.asking import Asking
from chaos.record import redact
from chaos.sampling.shown.pages import parsed
from tests.accepting import answering


def test_the_directory_that_a_shell_has_left_in_the_environment_is_no_secret() -> None:
    list(variables.addresses({"PWD": "/srv/kinto-run", "OLDPWD": "/srv/old", "DB_PWD": "hunter2hunter2"}))
    assert redact.known("/srv/kinto-run/kinto.pid, /srv/old") == "/srv/kinto-run/kinto.pid, /srv/old"
    assert "hunter2hunter2" not in redact.known("hunter2hunter2")


def test_a_gauge_of_a_pool_is_nearer_than_one_of_the_runtime() -> None:
    page = parsed(
        "go_memstats_heap_inuse_bytes 1\nprocess_open_conns 1\napp_queue_length 3\napp_db_connections_in_use 2\n",
        None,
        is_open=False,
    )
    (item,) = shown_gauges._of(page, "/metrics", "prometheus")
    assert 'map: {pool_in_use: "app_db_connections_in_use"}' in item.lines[0]
    assert "go_memstats" not in item.why and "process_open" not in item.why and "app_queue_length" in item.why


class _Echo(BaseHTTPRequestHandler):
    status = 200

    def do_GET(self) -> None:
        self.send_response(self.status)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


@pytest.fixture
def echo() -> Iterator[str]:
    with answering(_Echo) as url:
        yield url


def test_a_service_that_answers_any_path_is_not_taken_for_ready(echo: str) -> None:
    with Asking(echo) as asking:
        found = service._ready(asking)
    assert not found.on and "answers 2xx to any path" in found.why


def test_a_store_on_another_port_is_known_by_its_program(tmp_path: Path) -> None:
    program = tmp_path / "redis-server"
    program.write_text(
        f"#!{sys.executable}\nimport socket\nserver = socket.create_server(('127.0.0.1', 0))\n"
        "print(server.getsockname()[1], flush=True)\ninput()\n"
    )
    program.chmod(0o755)
    with subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        port = int(child.stdout.readline())
        assert stores._listening()[port] == "redis"
        child.kill()


class _Endless(_Echo):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        with suppress(OSError):
            while True:
                self.wfile.write(b"data: tick\n\n")
                time.sleep(0.02)


def test_a_stream_that_never_ends_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "WHOLE", 0.2)
    with answering(_Endless) as url, Asking(url) as asked:
        assert asked.get("/events") is None
