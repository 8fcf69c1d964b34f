"""The client over TLS."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvloop

from chaos.access import trust
from chaos.load.client import Client
from chaos.record.hits import Outcome
from tests.certificates import server_of
from tests.load.asking import CHUNKED, GOOD, TO_THE_END, begin, play
from tests.load.scripted import serving

NAME = "name.test"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ssl.SSLContext]:
    trust._context.cache_clear()
    yield server_of(NAME, tmp_path / "authority.pem")
    trust._context.cache_clear()


@pytest.fixture
def trusted(tmp_path: Path, server: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    return server


async def asked_twice(host: str, context: ssl.SSLContext) -> tuple[Outcome | None, int, bytes]:
    async with serving([CHUNKED], tls=context) as scripted:
        client = Client(f"https://{host}:{scripted.port}", ["127.0.0.1"])
        answers = [await begin(client), await begin(client)]
        assert answers[0] == answers[1]
        await client.close()
        return answers[0]


def test_a_server_that_this_machine_trusts_is_accepted(trusted: ssl.SSLContext) -> None:
    assert uvloop.run(asked_twice(NAME, trusted)) == GOOD


def test_a_server_signed_by_an_unknown_authority_is_refused(server: ssl.SSLContext) -> None:
    assert uvloop.run(asked_twice(NAME, server)) == (Outcome.REFUSED, 0, b"")


def test_a_server_signed_for_another_name_is_refused(trusted: ssl.SSLContext) -> None:
    assert uvloop.run(asked_twice("other.test", trusted)) == (Outcome.REFUSED, 0, b"")


@pytest.mark.parametrize(("good_bye", "expected"), [(True, GOOD), (False, (Outcome.RESET, 200, b"ok"))])
def test_an_answer_ended_by_its_connection_is_complete_only_after_a_tls_goodbye(
    trusted: ssl.SSLContext, good_bye: bool, expected: tuple[Outcome, int, bytes]
) -> None:
    def answer(listener: socket.socket) -> None:
        plain, _ = listener.accept()
        with trusted.wrap_socket(plain, server_side=True) as peer:
            peer.recv(1000)
            peer.send(TO_THE_END)
            if good_bye:
                peer.unwrap()

    async def ask() -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            client = Client(f"https://{NAME}:{listener.getsockname()[1]}", ["127.0.0.1"])
            answered = asyncio.create_task(asyncio.to_thread(answer, listener))
            assert await begin(client) == expected
            await client.close()
            await answered

    play(ask())
