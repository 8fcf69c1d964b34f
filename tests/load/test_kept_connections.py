"""Which connections the client keeps, reuses and lets go."""

from __future__ import annotations

import asyncio
import gc
import select
import socket

import pytest

from chaos.load import client as clients
from chaos.load.client import Client
from chaos.load.connection import Connection
from chaos.load.exchange import Exchange
from chaos.load.failures import ConnectFailed, Disconnected, Malformed
from chaos.record.hits import Outcome
from tests.load.asking import (
    ASK,
    GOOD,
    OK,
    TO_THE_END,
    begin,
    client_of,
    open_of,
    play,
)
from tests.load.scripted import serving

pytestmark = pytest.mark.usefixtures("kept_for_long")

OURS = (Connection, Exchange, ConnectFailed, Disconnected, Malformed)


def test_unsolicited_bytes_are_not_an_answer_to_the_next_request() -> None:
    async def idle_and_told() -> None:
        more = asyncio.Event()
        async with serving([OK, more, b"HTTP/1.1 408 Too Late\r\nContent-Length: 0\r\n\r\n"], [OK]) as server:
            client = client_of(server)
            assert await begin(client) == GOOD
            more.set()
            await server.conversations[0].ended.wait()  # we hung up
            assert await begin(client) == GOOD
            assert len(server.conversations) == 2
            await client.close()

    play(idle_and_told())


def test_a_kept_connection_that_the_server_closes_is_not_used_again() -> None:
    async def closed_while_idle() -> None:
        more = asyncio.Event()
        async with serving([OK, more, None], [OK]) as server:
            client = client_of(server)
            assert await begin(client) == GOOD
            more.set()
            while open_of(client):  # until we have heard of it
                await asyncio.sleep(0.001)
            assert await begin(client) == GOOD
            await client.close()

    play(closed_while_idle())


def test_a_connection_just_closed_by_the_server_is_not_reused() -> None:
    async def closed_just_now() -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            client = Client(f"http://name.test:{listener.getsockname()[1]}", ["127.0.0.1"])
            first = begin(client)
            peer, _ = await asyncio.to_thread(listener.accept)
            peer.send(OK)
            assert await first == GOOD
            (kept,) = client._open
            assert kept.is_fit()
            assert kept._transport is not None
            descriptor = kept._transport.get_extra_info("socket").fileno()
            peer.close()
            select.select([descriptor], [], [], 20)  # the loop stands still, so it cannot hear of it
            second = begin(client)
            peer, _ = await asyncio.to_thread(listener.accept)
            peer.send(OK)
            assert await second == GOOD
            peer.close()
            await client.close()

    play(closed_just_now())


def test_a_connection_idle_for_too_long_while_the_loop_was_blocked_is_not_reused() -> None:
    async def overslept() -> None:
        async with serving([OK]) as server:
            client = client_of(server)
            assert await begin(client) == GOOD
            (kept,) = client._open
            kept.idle_since -= clients.KEEPALIVE + 1
            assert await begin(client) == GOOD
            assert len(server.conversations) == 2
            await client.close()

    play(overslept())


def test_a_connection_with_a_partly_sent_request_is_not_kept() -> None:
    async def answered_early() -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            client = Client(f"http://name.test:{listener.getsockname()[1]}", ["127.0.0.1"])
            first = begin(client, request=ASK + bytes(20_000_000))
            peer, _ = await asyncio.to_thread(listener.accept)
            peer.send(OK)
            assert await first == GOOD
            assert open_of(client) == 0
            peer.close()

    play(answered_early())


def test_an_idle_connection_is_let_go_before_its_server_would(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clients, "KEEPALIVE", 0.05)

    async def idle() -> None:
        async with serving([OK]) as server:
            client = client_of(server)
            assert await begin(client) == GOOD
            async with asyncio.timeout(20):
                await server.conversations[0].ended.wait()
            assert open_of(client) == 0
            assert await begin(client) == GOOD
            assert len(server.conversations) == 2
            await client.close()

    play(idle())


def test_the_client_opens_one_connection_per_request_in_flight_and_reuses_the_longest_idle() -> None:
    async def many() -> None:
        more = asyncio.Event()
        async with serving([more, OK]) as server:
            client = client_of(server)
            under_way = [begin(client) for _ in range(50)]
            while server.asked < 50:
                await asyncio.sleep(0.001)
            more.set()
            assert {await each for each in under_way} == {GOOD}
            assert len(server.conversations) == open_of(client) == 50
            for _ in range(50):
                assert await begin(client) == GOOD
            assert {len(each.requests) for each in server.conversations} == {2}
            await client.close()

    play(many())


def test_connections_leave_nothing_to_the_garbage_collector() -> None:
    async def every_kind() -> None:
        silent = asyncio.Event()
        answers: list[list[bytes | asyncio.Event | None]] = [
            [OK],
            [b"nonsense\r\n\r\n"],
            [None],
            [TO_THE_END, None],
            [OK[:-1], silent],
        ]
        async with serving(*answers) as server:
            client = client_of(server)
            gc.collect()
            gc.disable()
            try:
                for within in (20.0, 20.0, 20.0, 20.0, 0.01, 0.01):
                    await begin(client, within)
                refusing = Client("http://name.test:1", ["127.0.0.1"])
                for _ in range(3):
                    assert (await begin(refusing))[0] == Outcome.REFUSED
                await client.close()
                silent.set()
                while any(not each.ended.is_set() for each in server.conversations):
                    await asyncio.sleep(0.001)
                await asyncio.sleep(0.01)  # until the loop has let go of what it closed
                assert open_of(client) == 0
                gc.set_debug(gc.DEBUG_SAVEALL)
                gc.collect()
                left = [each for each in gc.garbage if isinstance(each, OURS)]
            finally:
                gc.set_debug(0)
                gc.garbage.clear()
                gc.enable()
            assert left == []

    play(every_kind())
