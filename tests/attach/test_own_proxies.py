"""Where no proxy stands, midnight starts one: kept for a running service, or for the run where it starts the service,
which then needs no setting changed by hand."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from ruamel.yaml import YAML

from chaos.errors import Refused, TargetError
from chaos.host import sockets
from chaos.host.ports import free_port
from chaos.host.processes import marked
from chaos.plan import build as plans
from chaos.plugin.driver import Driver, Site
from chaos.plugin.fault import Undo
from chaos.plugin.probe import Answer
from chaos.targets.attach.driver import AttachDriver
from chaos.targets.attach.kept import KeptProxies
from chaos.targets.attach.options import AttachOptions
from chaos.toxiproxy import Toxiproxy
from tests.accepting import accepting
from tests.attach.files import experiment, target
from tests.midnight import PROJECT, Midnight
from tests.typed import refusal, typed

pytestmark = [pytest.mark.real, pytest.mark.usefixtures("own_place")]

# Answers every request, and holds a connection to what DEPENDENCY and PORT of its environment name.
SERVICE = """
import http.server, os, socket, sys
held = socket.create_connection((os.environ["DEPENDENCY"].rpartition(":")[0], int(os.environ["PORT"])))
class Answers(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()
print("password is", os.environ["PASSWORD"], flush=True)
http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Answers).serve_forever()
"""


@pytest.fixture
def upstream() -> Iterator[str]:
    def stays(connection: socket.socket) -> None:
        while connection.recv(1 << 16):
            pass

    with accepting(stays) as port:
        yield f"127.0.0.1:{port}"


OPTIONS = "  base_url: http://127.0.0.1:9\n"


def proxies(upstream: str, listen: str, more: str = "") -> str:
    return f'  proxies: {{cache: {{upstream: "{upstream}", listen: "{listen}"{more}}}}}\n'


def start(port: int) -> str:
    argv = json.dumps([sys.executable, "-c", SERVICE, str(port)])
    env = '{DEPENDENCY: "{proxy.cache}", PORT: "{proxy.cache.port}", PASSWORD: {env: MINE_PASSWORD}}'
    return f"  start:\n    argv: {argv}\n    env: {env}\n"


def driver_of(midnight: Midnight, file: str) -> Driver:
    return plans.build(experiment(midnight), file).make_driver()


def test_a_proxy_is_kept_and_found_again_until_it_is_taken_down(
    midnight: Midnight, upstream: str, capsys: pytest.CaptureFixture[str]
) -> None:
    listen = f"127.0.0.1:{free_port()}"
    named = listen.replace("127.0.0.1", "localhost")
    file = target(midnight, f"http://127.0.0.1:{free_port()}", proxies(upstream, named, ", kind: redis"))
    (missing,) = [each for each in driver_of(midnight, file).probes() if each.answer is Answer.NO]
    assert missing.because == "it is not up" and "midnight stack up" in missing.remedy

    told = typed(capsys, "stack", "up", "--target", file)
    assert told.code == 0, told.printed
    assert f"proxy cache: {listen} -> {upstream}" in told.out
    assert f"let the service connect to {named} instead of {upstream} (it does not run now" in told.out
    assert f"mine is up: {listen}" in typed(capsys, "stack", "status", "--target", file).out

    driver = driver_of(midnight, file)
    assert isinstance(driver, AttachDriver) and all(each.answer is Answer.YES for each in driver.probes())
    proxy = driver._found.proxies["cache"]
    assert (proxy.listen, proxy.upstream, proxy.kind, proxy.entry) == (listen, upstream, "redis", upstream)

    host, _, port = listen.rpartition(":")
    with socket.create_connection((host, int(port))):
        used = refusal(capsys, "stack", "down", "--target", file)
        assert f"(pid {os.getpid()})" in used and "--force" in used
    assert typed(capsys, "stack", "down", "--target", file).code == 0
    assert not listening(listen)


def test_the_setting_to_change_is_that_of_the_running_service(
    midnight: Midnight, upstream: str, capsys: pytest.CaptureFixture[str]
) -> None:
    listen = f"127.0.0.1:{free_port()}"
    env = {**os.environ, "CACHE_URL": f"redis://:s3cr3t@{upstream}/0"}
    service = subprocess.Popen([sys.executable, "-c", "input()"], env=env, stdin=subprocess.PIPE)
    try:
        more = f"  processes: {{api: {{pid: {service.pid}}}}}\n{proxies(upstream, listen)}"
        file = target(midnight, f"http://127.0.0.1:{free_port()}", more)
        told = typed(capsys, "stack", "up", "--target", file).out
        assert f"  CACHE_URL=redis://...@{listen}/...\n" in told and "s3cr3t" not in told
        assert typed(capsys, "stack", "down", "--target", file).code == 0
        there = f"  processes: {{api: {{pid: {service.pid}}}}}\n{proxies('127.0.0.1:9', upstream)}"
        kept = KeptProxies.next_steps(AttachOptions.model_validate(YAML(typ="safe").load(OPTIONS + there)))
        assert [line.endswith(f" lead to {upstream} already") for line in kept] == [True], kept
    finally:
        service.communicate(b"\n", timeout=30)


def test_a_port_that_is_taken_is_said_and_nothing_stays(
    midnight: Midnight, upstream: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        listen = f"127.0.0.1:{taken.getsockname()[1]}"
        file = target(midnight, f"http://127.0.0.1:{free_port()}", proxies(upstream, listen))
        told = typed(capsys, "stack", "up", "--target", file)
    assert told.code != 0 and f"proxies: cache: listen: {listen}" in told.printed
    assert "mine is down" in typed(capsys, "stack", "status", "--target", file).out


def test_a_service_that_midnight_starts_goes_through_a_proxy_of_the_run(
    midnight: Midnight, upstream: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MINE_PASSWORD", "a quiet secret")
    listen, port = f"127.0.0.1:{free_port()}", free_port()
    file = target(midnight, f"http://127.0.0.1:{port}", proxies(upstream, listen) + start(port))
    driver, undos = driver_of(midnight, file), list[Undo]()
    site = Site("test-own-proxy", lambda _, undo: undos.append(undo), records=midnight.place)
    try:
        handles = driver.up(site)
        (service,) = handles.processes["api"]
        assert handles.offered() == type(driver).offers(plans.build(experiment(midnight), file).target)
        there = [each for each in sockets.table() if each.state == sockets.ESTABLISHED]
        assert any(f"{each.remote}:{each.remote_port}" == listen for each in there)
        assert psutil.Process(service.pid).environ()["DEPENDENCY"] == listen
        assert Toxiproxy(handles.proxies["cache"].api).proxy("mine-cache").enabled
    finally:
        for undo in reversed(undos):
            AttachDriver.undo(undo)
            AttachDriver.undo(undo)
    assert not marked("test-own-proxy.service") and not marked("test-own-proxy.toxiproxy")
    assert not listening(listen)
    assert [undo["what"] for undo in undos] == ["toxiproxy", "service"]


def test_a_whole_run_on_a_service_that_midnight_starts_leaves_nothing(
    midnight: Midnight, upstream: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MINE_PASSWORD", "a quiet secret")
    listen, port = f"127.0.0.1:{free_port()}", free_port()
    step = "{name: drop, fault: idle_drop, at: 500ms, hold: 500ms, with: {proxy: cache, min_closed: 1}}"
    file = target(midnight, f"http://127.0.0.1:{port}", proxies(upstream, listen) + start(port))
    steps = f"steps:\n  - {step}\n"
    play = Path(experiment(midnight, steps))
    play.write_text(play.read_text().replace("read: 3, write: 1", "read: 1"))
    typed(capsys, "run", str(play), "--target", file)
    assert midnight.outcomes()["effect: drop"] == "pass", midnight.verdict
    said = (midnight.run.path / "service.log").read_text()
    assert "password is «secret»" in said
    assert not listening(listen) and not listening(f"127.0.0.1:{port}")


def test_a_service_that_cannot_be_started_is_a_failure_of_the_target(
    midnight: Midnight, upstream: str
) -> None:
    more = proxies(upstream, f"127.0.0.1:{free_port()}") + "  start: {argv: [/no/such/program]}\n"
    driver, undos = driver_of(midnight, target(midnight, "http://127.0.0.1:9", more)), list[Undo]()
    try:
        with pytest.raises(TargetError, match="start: argv: /no/such/program: No such file"):
            driver.up(Site("test-no-service", lambda _, undo: undos.append(undo)))
    finally:
        for undo in undos:
            AttachDriver.undo(undo)


def test_without_its_proxy_a_service_is_not_played_on(midnight: Midnight, upstream: str) -> None:
    file = target(midnight, "http://127.0.0.1:9", proxies(upstream, f"127.0.0.1:{free_port()}"))
    with pytest.raises(Refused, match="midnight stack up"):
        driver_of(midnight, file).up(Site("test", lambda _, __: None))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (
            "proxies: {db: {api: 'http://127.0.0.1:9'}}",
            "must have `api` and `name`, or `upstream` and `listen`",
        ),
        (
            "proxies: {db: {upstream: 'x:1', name: y}}",
            "must have `api` and `name`, or `upstream` and `listen`",
        ),
        (
            "proxies: {db: {upstream: '127.0.0.1:1', listen: '0.0.0.0:2'}}",
            "listen: must be an address of this machine",
        ),
        (
            "proxies: {db: {upstream: '127.0.0.1:1', listen: '127.0.0.1:1'}}",
            "listen: must not be the upstream's own",
        ),
        (
            "proxies: {db: {upstream: 'db.example.com:1', listen: '127.0.0.1:2'}}",
            "upstream: db.example.com is not this machine and not listed in `allow`",
        ),
        (
            "proxies: {db: {upstream: '127.0.0.1:1', listen: '127.0.0.1:2', kind: oracle}}",
            "kind: must be postgres, mysql, redis, http or tcp",
        ),
        (
            "proxies: {db: {upstream: '127.0.0.1:5432', listen: '127.0.0.1:2', crowd: {env: CROWD}}}",
            "proxies: db: crowd: needs `kind: mysql` or `kind: redis` beside it",
        ),
        (
            "proxies: {db: {api: 'http://127.0.0.1:1', name: db, crowd: {env: CROWD}}}",
            "proxies: db: crowd: needs `kind: mysql` or `kind: redis` beside it",
        ),
        (
            "proxies: {db: {upstream: '127.0.0.1:3306', listen: '127.0.0.1:2', crowd: redis://:x@y}}",
            "proxies: db: crowd: must not",
        ),
        ("start: {argv: [x], env: {A: '{proxy.bd}'}}", "start: env: A: {proxy.bd} is not under proxies"),
        ("start: {argv: [x]}\n  processes: {api: {pid: 1}}", "processes: api: is what `start` starts"),
    ],
)
def test_what_cannot_be_is_refused_in_the_file(
    options: str, words: str, midnight: Midnight, capsys: pytest.CaptureFixture[str]
) -> None:
    file = target(midnight, "http://127.0.0.1:9", f"  {options}\n")
    assert words in refusal(capsys, "validate", file)


def test_what_the_docs_show_is_valid(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = (PROJECT / "docs/own-service.md").read_text().partition("## Databases and other services")[2]
    shop, play = re.findall(r"```yaml\n(.*?)```", text.partition("\n## ")[0], re.S)
    (tmp_path / "shop.yaml").write_text(shop)
    (tmp_path / "cache.yaml").write_text(play)
    done = typed(capsys, "validate", str(tmp_path / "cache.yaml"), "--target", str(tmp_path / "shop.yaml"))
    assert done.code == 0, done.printed


def listening(at: str) -> bool:
    host, _, port = at.rpartition(":")
    return any(each.state == sockets.LISTEN and each.local == host for each in sockets.table([int(port)]))
