"""What servers answer to a sign-in is understood, also where the real ones of these tests never say it."""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import asdict
from typing import Any, Literal, NoReturn

import pytest

from chaos.host import crowd, stores
from chaos.host.ports import free_port
from chaos.host.stores import mysql
from chaos.plugin.handles import Login
from chaos.plugin.kinds import Kind
from tests.accepting import accepting

LOGIN = Login("shop", "secret")
BEFORE_7 = b"# Clients\r\nconnected_clients:3\r\n"


def answering(answers: Mapping[bytes, bytes]) -> Callable[[socket.socket], None]:
    """A Redis that gives each command the first answer whose word is in it."""

    def deal(connection: socket.socket) -> None:
        with suppress(ConnectionError):
            while asked := connection.recv(1 << 16):
                connection.sendall(next(said for word, said in answers.items() if word in asked))

    return deal


def test_before_redis_7_the_room_is_a_setting() -> None:
    answers = {
        b"AUTH": b"+OK\r\n",
        b"CLIENT": b":7\r\n",
        b"INFO": b"$%d\r\n%s\r\n" % (len(BEFORE_7), BEFORE_7),
        b"CONFIG": b"*2\r\n$10\r\nmaxclients\r\n$5\r\n10000\r\n",
    }
    with accepting(answering(answers)) as port:
        session = stores.sign_in("redis", f"127.0.0.1:{port}", LOGIN)
        assert (session.id, session.room()) == (7, (3, 10000))
        session.close()


def test_a_server_that_does_not_say_its_room_or_the_number_of_a_session_takes_the_login_all_the_same() -> (
    None
):
    answers = dict.fromkeys((b"AUTH", b"CLIENT", b"INFO", b"CONFIG"), b"+OK\r\n")
    with accepting(answering(answers)) as port:
        session = stores.sign_in("redis", f"127.0.0.1:{port}", LOGIN)
        assert session.id is None and session.listed() == frozenset()
        with pytest.raises(stores.Denied, match="does not say how many connections"):
            session.room()
        session.close()


def test_a_server_that_ends_the_session_is_lost() -> None:
    def deal(connection: socket.socket) -> None:
        for answer in (b"+OK\r\n", b":7\r\n"):
            connection.recv(1 << 16)
            connection.sendall(answer)

    with accepting(deal) as port:
        session = stores.sign_in("redis", f"127.0.0.1:{port}", LOGIN)
        with pytest.raises(stores.Lost):
            session.listed()
        session.close()


@pytest.mark.parametrize(
    ("said", "error"),
    [
        (b"-ERR max number of clients reached\r\n", stores.NoRoom),
        (b"", stores.NoRoom),
        (b"-NOAUTH Authentication required.\r\n", stores.Denied),
        (b"-ERR AUTH <password> called without any password configured\r\n", stores.Denied),
        (b"HTTP/1.1 400 Bad Request\r\n", stores.Denied),
        (b"* OK IMAP4rev1 ready\r\n", stores.Denied),
    ],
)
def test_no_room_is_told_apart_from_every_other_refusal(said: bytes, error: type[Exception]) -> None:
    def deal(connection: socket.socket) -> None:
        connection.recv(1 << 16)
        connection.sendall(said)

    with accepting(deal) as port, pytest.raises(error):
        stores.sign_in("redis", f"127.0.0.1:{port}", LOGIN)


@pytest.mark.parametrize("kind", ["mysql", "redis"])
def test_a_port_where_nobody_listens_has_no_room_for_a_login_either(kind: Literal["mysql", "redis"]) -> None:
    with pytest.raises(stores.NoRoom, match="connection refused"):
        stores.sign_in(kind, f"127.0.0.1:{free_port()}", LOGIN)


def test_mysql_that_hangs_up_has_no_room() -> None:
    with accepting(socket.socket.close) as port, pytest.raises(stores.NoRoom):
        stores.sign_in("mysql", f"127.0.0.1:{port}", LOGIN)


def test_mysql_that_greets_in_two_pieces_is_understood() -> None:
    body = b"\x0a8.4.0\0" + bytes(13) + struct.pack("<H", 0xFFFF) + bytes(20)
    greeting = len(body).to_bytes(3, "little") + b"\0" + body
    with ExitStack() as open_:
        server = open_.enter_context(socket.create_server(("127.0.0.1", 0)))
        ours = open_.enter_context(socket.create_connection(server.getsockname(), timeout=30))
        theirs = open_.enter_context(server.accept()[0])
        pool = open_.enter_context(ThreadPoolExecutor(1))
        theirs.sendall(greeting[:9])
        offers = pool.submit(mysql._offers_tls, ours)
        with pytest.raises(TimeoutError):
            offers.result(0.2)
        theirs.sendall(greeting[9:])
        assert offers.result(30) is True
        assert ours.recv(1 << 10) == greeting


@pytest.mark.parametrize("kind", ["mysql", "redis"])
@pytest.mark.parametrize("said", [b"", b"\x03"], ids=["nothing", "a part of an answer"])
def test_a_server_that_does_not_answer_in_time_is_not_out_of_room(
    kind: Kind, said: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stores, "PATIENCE", 0.1)
    monkeypatch.setattr(mysql, "PATIENCE", 0.1)
    left = threading.Event()

    def deal(connection: socket.socket) -> None:
        connection.sendall(said)
        left.wait(60)

    with accepting(deal) as port:
        try:
            with pytest.raises(TimeoutError):
                stores.sign_in(kind, f"127.0.0.1:{port}", LOGIN)
        finally:
            left.set()


def test_a_client_for_which_no_thread_can_be_started_has_failed() -> None:
    class Full(Executor):
        def submit(self, *_: Any, **__: Any) -> NoReturn:
            raise RuntimeError("can't start new thread")

    spec, seen = {"kind": "redis", "at": "127.0.0.1:1", "login": asdict(LOGIN), "hold": 1.0}, crowd.Seen()
    asyncio.run(crowd.signed_in(spec, asyncio.Event(), seen, Full()))
    assert (seen.counts, seen.failed_with) == ({"failed": 1}, {"can't start new thread": 1})


def test_a_signed_in_client_that_is_hung_up_on_is_dropped() -> None:
    def deal(connection: socket.socket) -> None:
        for answer in (b"+OK\r\n", b":7\r\n"):
            connection.recv(1 << 16)
            connection.sendall(answer)

    with accepting(deal) as port:
        spec = {
            "kind": "redis",
            "at": f"127.0.0.1:{port}",
            "login": asdict(LOGIN),
            "clients": 2,
            "hold": 30.0,
        }
        more = {"burst": 0, "url": "http://x", "headers": {}, "deadline": 30}
        report = asyncio.run(crowd.play({**spec, **more}, asyncio.Event()))
    assert (report["connected"], report["dropped"], report["sessions"]) == (2, 2, [7, 7]), report
