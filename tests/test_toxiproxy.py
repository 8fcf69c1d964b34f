"""The Toxiproxy client against real servers."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from chaos.errors import NoVerdict, UsageError
from chaos.host.ports import free_port
from chaos.plugin.handles import Proxy
from chaos.targets import strange_toxics
from chaos.toxiproxy import Toxiproxy, ToxiproxyError
from tests.accepting import accepting
from tests.proxying import toxiproxy_server

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def servers() -> Iterator[tuple[Toxiproxy, Toxiproxy]]:
    with toxiproxy_server() as one, toxiproxy_server() as other:
        yield one, other


@pytest.fixture
def server(servers: tuple[Toxiproxy, Toxiproxy]) -> Iterator[Toxiproxy]:
    yield servers[0]
    for name in servers[0].proxies():
        servers[0].delete(name)


@pytest.fixture
def echo() -> Iterator[str]:
    """The address of a server that sends back what it gets."""

    def answer(connection: socket.socket) -> None:
        while data := connection.recv(1024):
            connection.sendall(data)

    with accepting(answer) as port:
        yield f"127.0.0.1:{port}"


def connect(address: str) -> socket.socket:
    host, port = address.split(":")
    return socket.create_connection((host, int(port)), timeout=5)


def exchange(connection: socket.socket) -> bytes:
    connection.sendall(b"hello")
    return connection.recv(1024)


def test_the_server_reports_its_version(server: Toxiproxy) -> None:
    assert server.version()


def test_a_created_proxy_passes_bytes_and_reports_where_it_listens(server: Toxiproxy, echo: str) -> None:
    proxy = server.create("db", "127.0.0.1:0", echo)
    assert (proxy.upstream, proxy.enabled, proxy.toxics) == (echo, True, ())
    with connect(proxy.listen) as connection:
        assert exchange(connection) == b"hello"
    assert server.proxies() == {"db": proxy}


def test_disabling_closes_an_idle_connection_and_enabling_lets_new_ones_in(
    server: Toxiproxy, echo: str
) -> None:
    proxy = server.create("db", "127.0.0.1:0", echo)
    with connect(proxy.listen) as idle:
        assert exchange(idle) == b"hello"
        server.disable("db")
        assert idle.recv(1) == b""
    assert not server.proxy("db").enabled
    with pytest.raises(ConnectionRefusedError):
        connect(proxy.listen)
    server.enable("db")
    assert server.proxy("db").listen == proxy.listen
    with connect(proxy.listen) as fresh:
        assert exchange(fresh) == b"hello"


def test_a_toxic_is_listed_until_it_is_removed(server: Toxiproxy, echo: str) -> None:
    server.create("db", "127.0.0.1:0", echo)
    server.add_toxic("db", "slow", "latency", "upstream", {"latency": 1, "jitter": 0}, toxicity=0.5)
    (toxic,) = server.proxy("db").toxics
    assert (toxic.name, toxic.type, toxic.stream, toxic.toxicity) == ("slow", "latency", "upstream", 0.5)
    assert toxic.attributes == {"latency": 1, "jitter": 0}
    server.remove_toxic("db", "slow")
    assert server.proxy("db").toxics == ()


def test_reset_enables_every_proxy_and_removes_every_toxic(server: Toxiproxy, echo: str) -> None:
    server.create("db", "127.0.0.1:0", echo)
    server.create("model", "127.0.0.1:0", echo)
    server.add_toxic("db", "slow", "latency", "upstream", {"latency": 1})
    server.disable("model")
    server.reset()
    assert [(p.enabled, p.toxics) for p in server.proxies().values()] == [(True, ())] * 2


def test_a_name_that_the_server_could_never_find_again_is_refused(server: Toxiproxy, echo: str) -> None:
    with pytest.raises(
        ToxiproxyError, match="create proxy 'run/db': a name must not be empty or contain a sl"
    ):
        server.create("run/db", "127.0.0.1:0", echo)
    server.create("db of run?", "127.0.0.1:0", echo)
    with pytest.raises(ToxiproxyError, match="a name must not"):
        server.add_toxic("db of run?", "run/slow", "latency", "upstream", {"latency": 1})
    server.disable("db of run?")
    assert not server.proxy("db of run?").enabled


def test_two_servers_used_from_many_threads_are_not_mixed_up(
    servers: tuple[Toxiproxy, Toxiproxy], server: Toxiproxy, echo: str
) -> None:
    other = servers[1]
    other.create("elsewhere", "127.0.0.1:0", echo)
    server.create("here", "127.0.0.1:0", echo)
    with ThreadPoolExecutor(8) as pool:
        names = list(pool.map(lambda n: [*servers[n % 2].proxies()], range(40)))
    assert names == [["here"], ["elsewhere"]] * 20
    other.delete("elsewhere")


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda it: it.proxy("ghost"), "read proxy 'ghost': proxy not found"),
        (lambda it: it.disable("ghost"), "disable proxy 'ghost': proxy not found"),
        (lambda it: it.delete("ghost"), "delete proxy 'ghost': proxy not found"),
        (lambda it: it.create("db", "127.0.0.1:0", "127.0.0.1:1"), "create proxy 'db': This proxy already"),
        (lambda it: it.create("b", it.url[7:], "127.0.0.1:1"), "create proxy 'b': listen tcp .* in use"),
        (lambda it: it.add_toxic("db", "x", "nonsense", "upstream", {}), "invalid toxic type"),
        (lambda it: it.remove_toxic("db", "ghost"), "remove toxic 'ghost' from proxy 'db': toxic not found"),
    ],
)
def test_a_refusal_names_the_server_the_call_and_the_reason(
    server: Toxiproxy, echo: str, call: Callable[[Toxiproxy], object], said: str
) -> None:
    server.create("db", "127.0.0.1:0", echo)
    with pytest.raises(ToxiproxyError, match=f"^Toxiproxy at {server.url}: .*{said}"):
        call(server)


def test_a_server_that_does_not_exist_is_named() -> None:
    url = f"http://127.0.0.1:{free_port()}"
    with pytest.raises(ToxiproxyError, match=f"^Toxiproxy at {url}: reset: .*refused"):
        Toxiproxy(url).reset()


def test_a_server_that_never_answers_does_not_hold_the_caller() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(ToxiproxyError, match="timed out"):
            Toxiproxy(url, timeout=0.1).version()


def test_a_server_other_than_toxiproxy_is_not_mistaken_for_it(echo: str) -> None:
    with pytest.raises(ToxiproxyError):
        Toxiproxy(echo, timeout=0.5).version()


def test_an_http_proxy_in_the_environment_is_not_used(
    server: Toxiproxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_port()}")
    assert server.version()


@pytest.mark.parametrize("url", ["https://127.0.0.1:8474", "http://", "http://host:port", "http://host/path"])
def test_a_url_that_cannot_be_one_is_refused(url: str) -> None:
    with pytest.raises(UsageError, match="must be http://HOST:PORT"):
        Toxiproxy(url)


def test_a_toxic_that_another_run_left_is_refused_and_one_of_the_teams_own_is_not(
    server: Toxiproxy, echo: str
) -> None:
    made = server.create("database", "127.0.0.1:0", echo)
    proxy = Proxy(server.url, made.name, made.listen, made.upstream)
    server.add_toxic("database", "their-latency", "latency", "downstream", {"latency": 1})
    strange_toxics.refuse([proxy])
    server.add_toxic("database", "midnight-20261125T000000Z-a1b2c3-slow", "latency", "downstream", {})
    with pytest.raises(
        NoVerdict, match=r"has the toxic 'midnight-2026.* if that run is over, type: curl -X DELETE"
    ):
        strange_toxics.refuse([proxy])
