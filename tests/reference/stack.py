"""The reference stack brought up for tests: PostgreSQL, Toxiproxy, the stub, the exporter and the API."""

from __future__ import annotations

import json
import os
import random
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
from ruamel.yaml import YAML

from chaos.host.processes import marked, spawn
from chaos.postgres import Cluster
from chaos.toxiproxy import Toxiproxy
from tests.postgres.servers import dsn
from tests.waiting import wait_until, wait_until_listening

TARGETS = Path(__file__).parents[2] / "targets"
DOCUMENTS = 2000
ROLES = {name: {"user": name, "password": f"{name} of the tests"} for name in ("api", "batch", "crowd")}


def quiet_port() -> int:
    """A free port below those the kernel gives to clients, one of which could else take it meanwhile."""
    while True:
        port = random.SystemRandom().randrange(20_000, 32_000)
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


def profile(name: str) -> dict[str, Any]:
    """The mapping in a profile's file."""
    mapping: dict[str, Any] = YAML(typ="safe").load(TARGETS / "profiles" / f"{name}.yaml")
    return mapping


@contextmanager
def place() -> Iterator[Path]:
    """A directory that PostgreSQL's user can enter, which pytest's own need not be."""
    made = Path(tempfile.mkdtemp(prefix="reference-test-"))
    made.chmod(0o755)
    try:
        yield made
    finally:
        shutil.rmtree(made)


class Stack:
    """A reference stack; its proxies are `database` and `model`, with the mark before the name."""

    def __init__(self, home: Path, settings: dict[str, Any], cluster: Cluster, proxies: Toxiproxy) -> None:
        self.mark, self.home, self.proxies = f"test-{secrets.token_hex(4)}", home, proxies
        self.admin = dsn(cluster)
        self.ports = {name: quiet_port() for name in ("api", "metrics", "model", "database", "through_model")}
        self.url = f"http://127.0.0.1:{self.ports['api']}"
        self.database_proxy = f"{self.mark}-database"
        proxies.create(
            self.database_proxy, f"127.0.0.1:{self.ports['database']}", f"127.0.0.1:{cluster.port}"
        )
        model = f"127.0.0.1:{self.ports['model']}"
        proxies.create(f"{self.mark}-model", f"127.0.0.1:{self.ports['through_model']}", model)
        self.config = self._config(settings)
        self.environment = {
            **os.environ,
            "PYTHONPATH": str(TARGETS),
            "REFERENCE_CONFIG": str(home / "config.json"),
            "REFERENCE_ADMIN_DSN": self.admin,
        }
        self.http = httpx.Client(base_url=self.url, timeout=30.0, trust_env=False)
        self.processes: list[subprocess.Popen[bytes]] = []

    def module(self, name: str, *arguments: str, **options: Any) -> subprocess.Popen[bytes]:
        """Start a module of the stack."""
        command = [sys.executable, "-m", f"reference.{name}", *arguments]
        return spawn(command, mark=self.mark, env=self.environment, cwd=self.home, **options)

    def start(self, database_port: int | None = None) -> None:
        """Prepare the database, start everything and wait until it is ready; the API may use another port."""
        self.write()
        assert self.module("prepare").wait(120) == 0
        if database_port is not None:
            self.config["database"]["port"] = database_port
            self.write()
        self.processes += [self.module("model_stub"), self.module("exporter"), self._gunicorn()]
        wait_until(self._ready, "the API is ready")
        for name in ("metrics", "model"):  # before that, they do not end cleanly
            wait_until_listening(self.ports[name])

    def write(self) -> None:
        """Write the configuration that everything started from now on reads."""
        (self.home / "config.json").write_text(json.dumps(self.config))

    def stop(self) -> list[int]:
        """End everything that was started; the exit codes, the API's first."""
        self.http.close()
        codes = []
        while self.processes:
            process = self.processes.pop()
            process.terminate()
            codes.append(process.wait(60))
        return codes

    def reopen_logs(self) -> None:
        """Send the API what the rotation sends it."""
        self.processes[-1].send_signal(signal.SIGUSR1)

    def metrics(self) -> str:
        """What the exporter says."""
        return httpx.get(f"http://127.0.0.1:{self.ports['metrics']}", timeout=30.0, trust_env=False).text

    def gauge(self, name: str) -> float:
        """The sum of a metric's samples."""
        lines = [line for line in self.metrics().splitlines() if line.startswith((f"{name} ", f"{name}{{"))]
        return sum(float(line.rpartition(" ")[2]) for line in lines)

    def _config(self, settings: dict[str, Any]) -> dict[str, Any]:
        for name in ("logs", "scratch"):
            (self.home / name).mkdir()
        address = {"host": "127.0.0.1", "port": self.ports["database"], "dbname": "postgres", "roles": ROLES}
        return {
            "profile": settings,
            "database": address,
            "model_url": f"http://127.0.0.1:{self.ports['through_model']}",
            "listen": {name: self.ports[name] for name in ("api", "metrics", "model")},
            "logs": str(self.home / "logs"),
            "scratch": str(self.home / "scratch"),
            "documents": DOCUMENTS,
        }

    def _gunicorn(self) -> subprocess.Popen[bytes]:
        conf = str(TARGETS / "reference" / "gunicorn_conf.py")
        command = [sys.executable, "-m", "gunicorn", "-c", conf, "reference.wsgi:app"]
        return spawn(command, mark=self.mark, env=self.environment, cwd=self.home)

    def _ready(self) -> bool:
        try:
            return self.http.get("/readyz").is_success
        except httpx.TransportError:
            return False


@contextmanager
def stack(
    settings: dict[str, Any], cluster: Cluster, proxies: Toxiproxy, database_port: int | None = None
) -> Iterator[Stack]:
    """A running stack of the given profile; nothing of it is left afterwards."""
    with place() as home:
        running = Stack(home, settings, cluster, proxies)
        try:
            running.start(database_port)
            yield running
            assert set(running.stop()) <= {0}, "every part ends cleanly on SIGTERM"
        finally:
            running.stop()
        assert marked(running.mark) == []
