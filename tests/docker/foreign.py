"""A Compose project of other public software: an image with Django, and Compose as it is there."""

from __future__ import annotations

import importlib.util
import io
import json
import os
import secrets
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from docker import DockerClient
from docker.models.containers import Container

from chaos import engine
from chaos.host.ports import free_port
from chaos.plugin.handles import EngineAt
from chaos.tools import docker_images
from tests.docker import writes
from tests.docker.conftest import bearing
from tests.docker.required import lacking
from tests.waiting import wait_until

HERE = Path(__file__).parent / "shop"
IMAGE = f"test-shop:{secrets.token_hex(3)}"  # two files of tests may be played side by side
PACKAGES = ("django", "asgiref", "sqlparse")
ROUTES = """\
ready: /healthz
routes:
  read: {path: "/items/{item}", items: 100}
  write:
    method: POST
    path: /orders
    json: {seq: "{seq}", payload: "{payload}", checksum: "{checksum}"}
    ledger:
      key: "{seq}"
      read:
        list: "/orders?after={after}&limit={limit}"
        keys: $.records[*].seq
        payload: $.records[*].checksum
        page: {after: key, last: $.last}
"""
"""Of a target file: how its orders are written and read."""


def compose_command() -> tuple[str, ...]:
    """Compose v2 or v1, whichever is there; else the test is skipped, or fails where Docker is required."""
    plugin = subprocess.run(["docker", "compose", "version"], capture_output=True, check=False)
    if plugin.returncode == 0:
        return ("docker", "compose")
    found = shutil.which("docker-compose")
    if found is None:
        lacking("neither `docker compose` nor docker-compose is here")
    return (found,)


@contextmanager
def shop(at: EngineAt, override: Path) -> Iterator[Project]:
    """The project, up; gone afterwards. Skipped without Compose, or failed where an engine is required."""
    command = compose_command()
    with engine.connected(at) as client:
        build(client)
        variables = {
            "POSTGRES_IMAGE": docker_images.base_of(client, "postgres"),
            "SHOP_IMAGE": IMAGE,
            "WEB_PORT": str(free_port()),
            "DB_PASSWORD": secrets.token_hex(12),
            "NETWORK": f"midnight-test-shop-{secrets.token_hex(3)}",
        }
        made = Project(command, f"midnight-test-shop{secrets.token_hex(3)}", variables, override)
        try:
            made("up", "-d")
            made.ask(client, "select 1")
            yield made
        finally:
            made("down", "-v", "--timeout", "1")
            client.images.remove(IMAGE)
        # others come and go meanwhile
        left = {found for name in (made.name, variables["NETWORK"], IMAGE) for found in bearing(name, client)}
        assert left == set()


def build(client: DockerClient) -> None:
    """Build the shop's image, on the Python that the stack's own image is built on."""
    base = docker_images.base_of(client, "python")
    client.images.build(
        fileobj=_context(),
        custom_context=True,
        tag=IMAGE,
        rm=True,
        buildargs={"BASE": base},
        network_mode="host",
    )


def _context() -> io.BytesIO:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name in ("Dockerfile", "shop.py"):
            archive.add(HERE / name, name)
        for name in PACKAGES:
            for place in _places(name):
                archive.add(place, f"packages/{place.name}", filter=_without_caches)
    buffer.seek(0)
    return buffer


def _places(package: str) -> list[Path]:
    """The package and what pip knows it by."""
    spec = importlib.util.find_spec(package)
    assert spec is not None and spec.origin is not None
    place = Path(spec.origin).parent
    return [place, *place.parent.glob(f"{package}-*.dist-info")]


def _without_caches(entry: tarfile.TarInfo) -> tarfile.TarInfo | None:
    return None if "__pycache__" in entry.name or entry.name.endswith((".mo", ".po")) else entry


@dataclass(frozen=True, slots=True)
class Project:
    """One project, brought up and down by Compose."""

    command: tuple[str, ...]
    name: str
    variables: dict[str, str]
    override: Path
    folder: Path = HERE

    def __call__(self, *arguments: str) -> str:
        files = [self.folder / "compose.yaml", *([self.override] if self.override.exists() else [])]
        argv = [*self.command, "-p", self.name, *(word for file in files for word in ("-f", str(file)))]
        done = subprocess.run(
            [*argv, *arguments],
            env={**os.environ, **self.variables},
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-2000:]
        return done.stdout

    def database(self, client: DockerClient) -> Container:
        labels = [f"com.docker.compose.project={self.name}", "com.docker.compose.service=db"]
        (found,) = client.containers.list(filters={"label": labels})
        return found

    def ask(self, client: DockerClient, statement: str) -> None:
        """Have the database carry out a statement, once it accepts one over TCP: while the image makes its database,
        a server answers on the local socket alone."""
        told = self.database(client)
        words = ["psql", "-h", "127.0.0.1", "-U", "shop", "-c", statement]
        secret = {"PGPASSWORD": self.variables["DB_PASSWORD"]}
        wait_until(lambda: told.exec_run(words, environment=secret).exit_code == 0, statement)

    def states(self, client: DockerClient) -> dict[str, Any]:
        """What a run must leave as it was: of every container its start, limits and networks."""
        label: dict[str, Any] = {"label": f"com.docker.compose.project={self.name}"}
        found = client.containers.list(all=True, filters=label)
        return {str(each.name): _state(each) for each in found}


def _state(container: Container) -> str:
    attrs = container.attrs
    networks = attrs["NetworkSettings"]["Networks"]
    told = {
        "status": attrs["State"]["Status"],
        "started": attrs["State"]["StartedAt"],
        "writes": writes.limits_of(container).read_text() if attrs["State"]["Pid"] else "",
        "limits": {key: _limit(attrs["HostConfig"][key]) for key in ("Memory", "NanoCpus", "CpuQuota")},
        "aliases": {name: sorted(each["Aliases"] or []) for name, each in networks.items()},
        "links": {name: sorted(each["Links"] or []) for name, each in networks.items()},
        "ports": attrs["NetworkSettings"]["Ports"],
    }
    return json.dumps(told, sort_keys=True)


def _limit(value: int) -> int:
    """No limit is 0; once one was changed, the engine can only be told one that is never reached."""
    return 0 if value < 0 or value > 2**62 else value
