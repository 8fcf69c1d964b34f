"""A client that asks a server of the tests, and what it makes of the answer."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import uvloop

from chaos.load import outcomes
from chaos.load.client import Client
from chaos.load.exchange import Exchange
from chaos.load.expectations import Answer, Expectation
from chaos.load.values import Values
from chaos.record.hits import Outcome
from chaos.spec.expect import Expect
from tests.load.scripted import Scripted

ASK = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n1\r\no\r\n1;x=y\r\nk\r\n0\r\nAfter: all\r\n\r\n"
TO_THE_END = b"HTTP/1.1 200 OK\r\n\r\nok"
OF_OLD = b"HTTP/1.0 200 OK\r\nServer: x\r\n\r\nok"
INTERIM = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\nContent-Length: 9\r\n\r\n"
GOOD = (Outcome.GOOD, 200, b"ok")


def play(coroutine: Coroutine[Any, Any, None]) -> None:
    """To its end; what goes wrong in a callback of the loop fails it."""
    wrong: list[dict[str, Any]] = []

    async def heard() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: wrong.append(context))
        await coroutine

    uvloop.run(heard())
    assert wrong == []


def begin(
    client: Client, within: float = 20.0, request: bytes = ASK
) -> asyncio.Future[tuple[Outcome | None, int, bytes]]:
    """Send a request; the future holds its outcome, its status and its body."""
    future: asyncio.Future[tuple[Outcome | None, int, bytes]] = asyncio.get_running_loop().create_future()

    def ended(exchange: Exchange, error: Exception | None) -> None:
        assert not future.done()  # it ends once
        outcome = outcomes.of_error(error) if error is not None else _of_answer(exchange)
        future.set_result((outcome, exchange.status, exchange.body))

    client.send(Exchange(request, ended), within)
    return future


def _of_answer(exchange: Exchange) -> Outcome:
    bad = Expectation(Expect(), Values()).broken(Answer(exchange.status, exchange.body))
    return Outcome.GOOD if bad is None else bad.outcome


def open_of(client: Client) -> int:
    return len(client._open)


def client_of(server: Scripted) -> Client:
    return Client(f"http://127.0.0.1:{server.port}", ["127.0.0.1"])
