"""A real engine, or the exact reason why there is none; and the proof that nothing of ours is left on it."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any, TypeVar

import docker
import pytest
from docker import DockerClient
from docker.models.networks import Network
from docker.types import EndpointConfig

from chaos import engine
from chaos.errors import MidnightError
from chaos.faults.shared import containers as subjects
from chaos.host.ports import free_port
from chaos.plugin.handles import ContainerRef, EngineAt
from chaos.tools import docker_images
from tests.docker import writes
from tests.docker.required import lacking
from tests.docker.saying import said_in

T = TypeVar("T")
LIMIT = 64 * 1024 * 1024
READ_BACK = "cat /sys/fs/cgroup/memory.max 2>/dev/null || cat /sys/fs/cgroup/memory/memory.limit_in_bytes"
SERVER = "import http.server as h; h.ThreadingHTTPServer(('0.0.0.0', 8000), h.SimpleHTTPRequestHandler).serve_forever()"


@pytest.fixture(scope="session")
def engine_at() -> EngineAt:
    """An engine on which a container with a memory limit runs; else skipped, or failed where one is required."""
    try:
        at = engine.find()
        engine.ping(at)
        image = docker_images.ready().reference
        with engine.connected(at) as client:
            _try(client, image)
    except MidnightError as error:
        lacking(f"no usable Docker Engine: {error}")
    return at


def _try(client: DockerClient, image: str) -> None:
    made = client.containers.create(image, entrypoint=["sleep"], command=["60"], mem_limit=LIMIT)
    try:
        made.start()
        told = said_in(made, READ_BACK)
        assert told == f"{LIMIT}\n", f"a memory limit of {LIMIT} is read back as {told!r}"
    finally:
        made.remove(force=True)


@pytest.fixture
def client(engine_at: EngineAt) -> Iterator[DockerClient]:
    with engine.connected(engine_at) as found:
        yield found


def everything(client: DockerClient) -> set[str]:
    """Every container, network, volume and image there is, of one request each: others come and go meanwhile."""
    api = client.api
    networks = {f"network {each['Name']}" for each in api.networks()}
    volumes = {f"volume {each['Name']}" for each in api.volumes()["Volumes"] or ()}
    containers = {f"container {each['Names'][0].removeprefix('/')}" for each in api.containers(all=True)}
    images = {f"image {each['RepoTags'] or each['Id']}" for each in api.images()}
    return networks | volumes | containers | images


def ours(found: set[str]) -> set[str]:
    return {each for each in found if "midnight" in each}


@pytest.fixture
def nothing_on_the_engine(client: DockerClient) -> Iterator[None]:
    """Fails the test that leaves anything of ours on the engine; for tests beside which no other uses the engine."""
    before = ours(everything(client))
    yield
    assert ours(everything(client)) == before


def bearing(name: str, client: DockerClient) -> set[str]:
    """What there is with this in its name, such as a container and the sidecars beside it."""
    return {each for each in everything(client) if name in each}


@pytest.fixture
def named(client: DockerClient) -> Iterator[list[str]]:
    """The names that a test gives away. What bears one of them, such as a sidecar, must be gone when the test ends."""
    names: list[str] = []
    yield names
    assert [each for name in names for each in bearing(name, client)] == []


# Every 0.1 s one more connection on which it asks for something, the last 50 of them held.
VISITOR = """
import collections, socket, sys, time
held = collections.deque(maxlen=50)
while True:
    try:
        held.append(socket.create_connection((sys.argv[1], 8000), timeout=5))
        held[-1].sendall(b"GET / HTTP/1.1\\r\\n")
        print("asked", flush=True)
    except OSError: pass
    time.sleep(0.1)
"""


class Victim:
    """A small server in a container, on a network under two names, with a volume and a published port."""

    KINDS = ("container", "network", "volume")

    def __init__(self, client: DockerClient, at: EngineAt, **options: Any) -> None:
        self.client, self.name = client, f"midnight-test-{secrets.token_hex(4)}"
        self._made: list[Any] = []
        try:
            self._make(client, at, options)
        except BaseException:
            self.remove()
            raise

    def _make(self, client: DockerClient, at: EngineAt, options: dict[str, Any]) -> None:
        self.network = self._kept(client.networks.create(self.name))
        tmpfs = {"type": "tmpfs", "device": "tmpfs", "o": f"size={options.pop('small', '')}"}
        opts = tmpfs if tmpfs["o"] != "size=" else None
        self.volume = self._kept(client.volumes.create(self.name, driver_opts=opts))
        port: dict[str, Any] = {"8000/tcp": ("127.0.0.1", options.pop("host_port", None))}
        endpoint = EndpointConfig(client.api.api_version, aliases=["server", "other-name"])
        self.container = client.containers.create(
            docker_images.REFERENCE,
            entrypoint=options.pop("entrypoint", ["python", "-c", SERVER]),
            name=self.name,
            user="0:0",
            network=self.name,
            networking_config={self.name: endpoint},
            volumes={self.name: {"bind": "/data", "mode": options.pop("mode", "rw")}},
            ports=port,
            **{"mem_limit": 256 * 1024 * 1024, "cpu_period": 100_000, "cpu_quota": 100_000, **options},
        )
        self._kept(self.container)
        self.container.start()
        self.ref = ContainerRef(at, str(self.container.id), self.name)

    def visited(self) -> None:
        """Have another container ask it for something all the time from now on."""
        words = ["python", "-u", "-c", VISITOR, "server"]
        name = f"{self.name}-visitor"
        image = docker_images.REFERENCE
        visitor = self.client.containers.create(image, entrypoint=words, name=name, network=self.name)
        self._kept(visitor)
        visitor.start()
        assert subjects.until(lambda: b"asked" in visitor.logs(), 60.0), visitor.logs()

    def state(self) -> dict[str, Any]:
        """What a fault must leave as it was."""
        self.container.reload()
        attrs = self.container.attrs
        limits = {key: attrs["HostConfig"][key] for key in ("Memory", "MemorySwap", "CpuQuota", "NanoCpus")}
        networks = attrs["NetworkSettings"]["Networks"]
        short = self.container.short_id
        names = {name: set(each["Aliases"]) - {short} for name, each in networks.items()}
        files = said_in(self.container, "ls -A /data")
        told = {"status": self.container.status, "limits": limits, "names": names, "files": files}
        return told | {"writes": writes.limits_of(self.container).read_text()}

    def _kept(self, made: T) -> T:
        self._made.append(made)
        return made

    def remove(self) -> None:
        """Remove what was made of it, so much as there is."""
        for each in reversed(self._made):
            try:
                each.remove(**({} if isinstance(each, Network) else {"force": True}))
            except docker.errors.NotFound:
                continue


Victims = Callable[..., Victim]
"""Makes one with these options of the engine."""


@pytest.fixture
def victims(client: DockerClient, engine_at: EngineAt, named: list[str]) -> Iterator[Victims]:
    """As many as a test wants; they are gone after it."""
    with ExitStack() as there:

        def make(**options: Any) -> Victim:
            made = Victim(client, engine_at, **options)
            named.append(made.name)
            there.callback(made.remove)
            return made

        yield make


@pytest.fixture
def victim(victims: Victims) -> Victim:
    return victims()


class Bystanders:
    """Victims that the tests of a file share, because they only look at them; one for each set of options."""

    def __init__(self, client: DockerClient, at: EngineAt) -> None:
        self._client, self._at = client, at
        self._made: dict[str, Victim] = {}

    def __call__(self, **options: Any) -> Victim:
        """Its port is published by number, unless the options say otherwise."""
        key = repr(sorted(options.items()))
        if key not in self._made:
            self._made[key] = Victim(self._client, self._at, **{"host_port": free_port(), **options})
        return self._made[key]

    def assert_alone(self) -> None:
        """Beside them is nothing that was made for one of them."""
        for name in (each.name for each in self._made.values()):
            assert bearing(name, self._client) == {f"{kind} {name}" for kind in Victim.KINDS}

    def remove(self) -> None:
        for each in self._made.values():
            each.remove()


@pytest.fixture(scope="module")
def shared(engine_at: EngineAt) -> Iterator[Bystanders]:
    with engine.connected(engine_at) as client:
        made = Bystanders(client, engine_at)
        yield made
        made.remove()


@pytest.fixture
def bystanders(shared: Bystanders) -> Iterator[Bystanders]:
    """Those of this file. A test that leaves anything beside them fails."""
    yield shared
    shared.assert_alone()
