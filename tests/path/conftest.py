"""A real Toxiproxy before a small server, and services of the tests' own that go through it or past it."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from chaos.host.processes import ref_of
from chaos.plugin.handles import Handles, ProcessRef, Proxy
from chaos.toxiproxy import Toxiproxy
from tests.accepting import accepting
from tests.path.holder import Holder
from tests.postgres.conftest import installation  # noqa: F401  a fixture
from tests.proxying import toxiproxy_server

Holders = Callable[[str, int], Holder]


@pytest.fixture(scope="package")
def toxiproxy() -> Iterator[Toxiproxy]:
    with toxiproxy_server() as server:
        yield server


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
