"""A real Toxiproxy before a small server, and services of the tests' own that go through it or past it."""

from __future__ import annotations

import secrets
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from chaos.handles import Handles, ProcessRef, Proxy
from chaos.host.ports import free_port
from chaos.host.processes import ref_of, spawn, stop_marked
from chaos.tools import toxiproxy as tool
from chaos.toxiproxy import Toxiproxy
from tests.accepting import accepting
from tests.path.holder import Holder
from tests.postgres.conftest import installation  # noqa: F401
from tests.test_toxiproxy import wait_until_listening

Holders = Callable[[str, int], Holder]


@pytest.fixture(scope="package")
def toxiproxy() -> Iterator[Toxiproxy]:
    mark, port = f"test-{secrets.token_hex(4)}", free_port()
    spawn(
        [tool.find_binary(), "-host", "127.0.0.1", "-port", str(port)], mark=mark, stdout=subprocess.DEVNULL
    )
    wait_until_listening(port)
    yield Toxiproxy(f"http://127.0.0.1:{port}")
    stop_marked(mark, grace=5)


@pytest.fixture
def echo() -> Iterator[str]:
    """The address of a server that sends back what it gets."""

    def answer(connection: socket.socket) -> None:
        while data := connection.recv(1 << 16):
            connection.sendall(data)

    with accepting(answer) as port:
        yield f"127.0.0.1:{port}"


@pytest.fixture
def proxy(toxiproxy: Toxiproxy, echo: str) -> Iterator[Proxy]:
    info = toxiproxy.create("database", "127.0.0.1:0", echo)
    yield Proxy(toxiproxy.url, info.name, info.listen, info.upstream)
    toxiproxy.delete(info.name)


@pytest.fixture
def holders() -> Iterator[Holders]:
    """Starts services that hold so many connections to an address; they are gone after the test."""
    with ExitStack() as there:

        def start(address: str, count: int) -> Holder:
            made = Holder.start(address, count)
            there.callback(made.stop)
            return made

        yield start


def handles(proxy: Proxy, *services: Holder) -> Handles:
    """As a target has them whose service is the first."""
    processes: dict[str, tuple[ProcessRef, ...]] = {"api": (ref_of(services[0].pid),)} if services else {}
    return Handles(processes=processes, proxies={"database": proxy})
