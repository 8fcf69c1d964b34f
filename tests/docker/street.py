"""A network of containers: a server, a Toxiproxy before it, and clients that go through the proxy or past it."""

from __future__ import annotations

import secrets
from contextlib import ExitStack
from typing import Any

import docker
from docker import DockerClient
from docker.models.containers import Container
from docker.types import EndpointConfig

from chaos.faults.shared import containers
from chaos.plugin.handles import ContainerRef, EngineAt, Handles, Proxy
from chaos.tools import docker_images
from chaos.toxiproxy import Toxiproxy, ToxiproxyError

SERVER = """
import socketserver
class Echo(socketserver.BaseRequestHandler):
    def handle(self):
        while data := self.request.recv(65536): self.request.sendall(data)
socketserver.ThreadingTCPServer.allow_reuse_address = True
socketserver.ThreadingTCPServer(("", 5432), Echo).serve_forever()
"""
# HOST:PORT COUNT EVERY: so many connections, on each of which it asks every so many seconds (0: never)
CLIENT = """
import socket, sys, threading, time
host, port = sys.argv[1].split(":")
every = float(sys.argv[3])
def one():
    while True:
        try:
            with socket.create_connection((host, int(port)), timeout=30) as held:
                print("connected", flush=True)
                while every:
                    held.sendall(b"x" * 100)
                    if not held.recv(100): break
                    time.sleep(every)
                held.recv(1)
        except OSError:
            time.sleep(0.1)
for _ in range(int(sys.argv[2])): threading.Thread(target=one).start()
"""


class Street:
    """Gone with `remove`."""

    def __init__(self, client: DockerClient, at: EngineAt) -> None:
        self._client, self._at, self._made = client, at, ExitStack()
        self.name = f"midnight-test-{secrets.token_hex(4)}"
        try:
            network = client.networks.create(self.name)
            self._made.callback(network.remove)
            self.database = self.add("database", ["python", "-u", "-c", SERVER])
            port: dict[str, Any] = {"8474/tcp": ("127.0.0.1", None)}
            self.server = self.add("proxy", None, image=docker_images.PROXY, ports=port)
            self.proxy = self._proxy()
        except BaseException:
            self.remove()
            raise

    def add(self, name: str, entrypoint: list[str] | None, **options: Any) -> ContainerRef:
        """A container by that name on the network, started."""
        if "network_mode" not in options:
            endpoint = EndpointConfig(self._client.api.api_version, aliases=[name])
            options |= {"network": self.name, "networking_config": {self.name: endpoint}}
        if entrypoint is not None:
            options |= {"entrypoint": entrypoint, "user": "0:0"}
        image = options.pop("image", docker_images.REFERENCE)
        made: Container = self._client.containers.create(image, name=f"{self.name}-{name}", **options)
        self._made.callback(self._removed, made)
        made.start()
        return ContainerRef(self._at, str(made.id), str(made.name))

    def clients(
        self, name: str, address: str, count: int, every: float = 0.0, **options: Any
    ) -> ContainerRef:
        """A container with so many connections to an address, all of them there."""
        words = ["python", "-u", "-c", CLIENT, address, str(count), str(every)]
        ref = self.add(name, words, **options)
        found = self._client.containers.get(ref.id)
        assert containers.until(lambda: found.logs().count(b"connected") >= count, 60.0), found.logs()
        return ref

    def handles(self, api: ContainerRef, **roles: ContainerRef) -> Handles:
        there = {"api": api, "proxy": self.server, "database": self.database, **roles}
        return Handles(
            containers={role: (each,) for role, each in there.items()}, proxies={"database": self.proxy}
        )

    def remove(self) -> None:
        self._made.close()

    def _proxy(self) -> Proxy:
        found = self._client.containers.get(self.server.id)
        control = found.attrs["NetworkSettings"]["Ports"]["8474/tcp"][0]["HostPort"]
        url = f"http://127.0.0.1:{control}"

        def answers() -> bool:
            try:
                return "database" in Toxiproxy(url).proxies()
            except ToxiproxyError:
                return False

        assert containers.until(answers, 60.0)
        info = Toxiproxy(url).proxy("database")
        return Proxy(url, info.name, info.listen, info.upstream)

    def _removed(self, made: Container) -> None:
        try:
            made.remove(force=True)
        except docker.errors.NotFound:
            return
