"""The first words of each protocol are understood, and so is a server that has no room; nobody signs in."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from collections.abc import Callable
from contextlib import suppress

import pytest

from chaos.host import crowd, greetings
from chaos.host.ports import free_port
from chaos.plugin.kinds import Kind, guess
from tests.accepting import accepting

Deal = Callable[[socket.socket], None]


def says(words: bytes, *, first: bool = False) -> Deal:
    """A server that answers with these words, or speaks `first`, and then waits for the client to leave."""

    def deal(connection: socket.socket) -> None:
        if not first:
            connection.recv(1 << 16)
        connection.sendall(words)
        with suppress(ConnectionResetError):
            while connection.recv(1 << 16):
                pass

    return deal


def hangs_up(connection: socket.socket) -> None:
    connection.close()


def postgres_error(code: str, text: str) -> bytes:
    fields = f"SFATAL\0C{code}\0M{text}\0\0".encode()
    return b"E" + struct.pack("!I", len(fields) + 4) + fields


def mysql_packet(payload: bytes, number: int = 0) -> bytes:
    return struct.pack("<I", len(payload) | number << 24) + payload


MYSQL = mysql_packet(b"\x0a10.11.0-MariaDB\0" + bytes(40))
ASKS = b"R" + struct.pack("!II", 8, 3)
TRUSTS = b"R" + struct.pack("!II", 8, 0)
HTTP = b"HTTP/1.1 %b\r\nContent-Length: 12\r\n\r\n"

TAKEN: dict[str, tuple[Kind, Deal]] = {
    "postgres": ("postgres", says(ASKS)),
    "a trusting postgres": ("postgres", says(TRUSTS + b"S" + struct.pack("!I", 8) + b"a\0b\0")),
    "mysql": ("mysql", says(MYSQL, first=True)),
    "redis": ("redis", says(b"+PONG\r\n")),
    "redis with a password": ("redis", says(b"-NOAUTH Authentication required.\r\n")),
    "http": ("http", says(HTTP % b"404 Not Found")),
    "tcp": ("tcp", says(b"", first=True)),
}
FULL: dict[str, tuple[Kind, Deal, str]] = {
    "postgres": ("postgres", says(postgres_error("53300", "sorry, too many clients already")), "53300"),
    "the last slots of postgres": (
        "postgres",
        says(TRUSTS + postgres_error("53300", "remaining connection slots are reserved")),
        "53300",
    ),
    "pgbouncer": ("postgres", says(postgres_error("08P01", "no more connections allowed (max)")), "08P01"),
    "mysql": ("mysql", says(mysql_packet(b"\xff\x10\x04Too many connections"), first=True), "1040"),
    "redis": ("redis", says(b"-ERR max number of clients reached\r\n", first=True), "max number of clients"),
    "http": ("http", says(HTTP % b"503 Service Unavailable"), "503"),
    "tcp": ("tcp", hangs_up, "closed"),
}
SENT_AWAY: dict[str, tuple[Kind, Deal]] = {
    "no such role": ("postgres", says(TRUSTS + postgres_error("28000", "role does not exist"))),
    "no such user": ("postgres", says(postgres_error("28000", "no such user"))),
    "a blocked host": ("mysql", says(mysql_packet(b"\xff\x69\x04Host is blocked"), first=True)),
    "protected": ("redis", says(b"-DENIED Redis is running in protected mode\r\n", first=True)),
}
STRANGE: dict[str, tuple[Kind, Deal]] = {
    "http is no redis": ("redis", says(b"HTTP/1.1 400 Bad Request\r\n\r\n")),
    "redis is no http": ("http", says(b"-ERR unknown command\r\n")),
    "redis is no postgres": ("postgres", says(b"-ERR unknown command\r\n")),
}


@pytest.mark.parametrize("name", TAKEN)
def test_a_session_is_taken(name: str) -> None:
    kind, deal = TAKEN[name]
    with accepting(deal) as port:
        answer = greetings.ask(kind, f"127.0.0.1:{port}")
    assert answer.taken and not answer.full, answer


@pytest.mark.parametrize("name", FULL)
def test_no_room_is_understood(name: str) -> None:
    kind, deal, said = FULL[name]
    with accepting(deal) as port:
        answer = greetings.ask(kind, f"127.0.0.1:{port}")
    assert answer.full and not answer.taken and said in answer.said, answer


@pytest.mark.parametrize("name", SENT_AWAY)
def test_a_refusal_for_another_reason_is_no_lack_of_room(name: str) -> None:
    kind, deal = SENT_AWAY[name]
    with accepting(deal) as port:
        answer = greetings.ask(kind, f"127.0.0.1:{port}")
    assert not answer.full and not answer.taken, answer


@pytest.mark.parametrize("name", STRANGE)
def test_another_protocol_is_no_session(name: str) -> None:
    kind, deal = STRANGE[name]
    with accepting(deal) as port, pytest.raises(ValueError, match=r"begins with|no HTTP"):
        greetings.ask(kind, f"127.0.0.1:{port}")


def test_a_port_where_nobody_listens_has_no_room() -> None:
    answer = greetings.ask("redis", f"127.0.0.1:{free_port()}")
    assert answer == greetings.Answer("connection refused", full=True)


def test_mysql_is_let_deny_a_login_instead_of_a_handshake_cut_short() -> None:
    """A host of a hundred handshakes cut short is blocked."""
    logins: list[bytes] = []

    def deal(connection: socket.socket) -> None:
        connection.sendall(MYSQL)
        logins.append(connection.recv(1 << 16))
        connection.sendall(mysql_packet(b"\xfemysql_native_password\0" + bytes(21), 2))
        logins.append(connection.recv(1 << 16))
        connection.sendall(mysql_packet(b"\xff\x15\x04Access denied", 4))

    with accepting(deal) as port:
        greetings.ask("mysql", f"127.0.0.1:{port}")
    assert b"midnight\0" in logins[0] and logins[1] == mysql_packet(b"", 3)


@pytest.mark.parametrize(
    ("upstream", "kind"),
    [
        ("127.0.0.1:5432", "postgres"),
        ("pool:6432", "postgres"),
        ("[::1]:3306", "mysql"),
        ("x:6379", "redis"),
        ("x:8080", "http"),
        ("x:443", "tcp"),
        ("x:16379", "tcp"),
        ("x", "tcp"),
    ],
)
def test_a_kind_is_guessed_from_the_usual_port(upstream: str, kind: str) -> None:
    assert guess(upstream) == kind


def test_a_crowd_counts_those_that_stay_and_those_for_whom_there_is_no_room() -> None:
    there: list[socket.socket] = []

    def deal(connection: socket.socket) -> None:
        there.append(connection)
        full = len(there) > 3
        connection.recv(100)
        connection.sendall(b"-ERR max number of clients reached\r\n" if full else b"+PONG\r\n")
        if not full:
            connection.recv(100)

    async def play(port: int) -> dict[str, object]:
        spec = {"kind": "redis", "at": f"127.0.0.1:{port}", "clients": 5, "hold": 30.0, "burst": 0}
        leave = asyncio.Event()
        playing = asyncio.create_task(
            crowd.play({**spec, "url": "http://x", "headers": {}, "deadline": 30}, leave)
        )
        while len(there) < 5:
            await asyncio.sleep(0.01)
        leave.set()
        return await playing

    with accepting(deal) as port:
        report = asyncio.run(play(port))
    assert (report["connected"], report["refused"]) == (3, 2), report
    assert report["refused_with"] == {"-ERR max number of clients reached": 2}
    assert report["dropped"] == 0 and json.dumps(report)


def test_a_client_that_is_hung_up_on_is_dropped() -> None:
    def deal(connection: socket.socket) -> None:
        connection.recv(100)
        connection.sendall(b"+PONG\r\n")

    with accepting(deal) as port:
        spec = {"kind": "redis", "at": f"127.0.0.1:{port}", "clients": 2, "hold": 30.0, "burst": 0}
        report = asyncio.run(
            crowd.play({**spec, "url": "http://x", "headers": {}, "deadline": 30}, asyncio.Event())
        )
    assert (report["connected"], report["dropped"]) == (2, 2), report
