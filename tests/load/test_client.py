"""The client against servers that say, byte for byte, what can be said on a connection."""

from __future__ import annotations

import asyncio
import errno
import time
from collections.abc import Collection, Sequence
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaos.load import client as clients
from chaos.load.client import Client
from chaos.load.connection import Connection
from chaos.load.exchange import Exchange
from chaos.load.expectations import Answer, Expectation
from chaos.load.values import Values
from chaos.record.hits import Outcome
from chaos.spec.expect import Expect
from tests.load.asking import (
    ASK,
    CHUNKED,
    GOOD,
    INTERIM,
    OF_OLD,
    OK,
    TO_THE_END,
    begin,
    client_of,
    open_of,
    play,
)
from tests.load.scripted import serving

pytestmark = pytest.mark.usefixtures("kept_for_long")

LENGTH = b"Content-Length: 2\r\n"
TWICE = OK.replace(LENGTH, LENGTH + LENGTH)
CODED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nok"


@pytest.mark.parametrize(
    ("answer", "outcome", "kept"),
    [
        ([OK], GOOD, True),
        ([CHUNKED], GOOD, True),
        ([INTERIM, OK], GOOD, True),
        ([INTERIM + CHUNKED], GOOD, True),
        ([b"HTTP/1.1 204 No Content\r\n\r\n"], (Outcome.GOOD, 204, b""), True),
        ([b"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n"], (Outcome.BAD_STATUS, 304, b""), True),
        ([b"HTTP/1.1 200 OK\nContent-Length: 2\r\nX: \x01\r\n\r\nok"], GOOD, True),
        ([b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"], GOOD, False),
        ([b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nok", None], GOOD, False),
        ([TO_THE_END, None], GOOD, False),
        ([INTERIM + TO_THE_END, None], GOOD, False),
        ([OF_OLD, None], GOOD, False),
        ([b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok"], GOOD, False),
        ([CHUNKED.replace(b"1\r\n", b"1  \r\n")], GOOD, True),
        ([OK.replace(LENGTH, LENGTH + LENGTH)], GOOD, True),  # RFC 9112, 6.3: as one that says it once
        ([OK.replace(LENGTH, b"content-length : 2\r\nX: y\r\n" + LENGTH)], GOOD, True),
        ([OK.replace(b": 2", b": 2, 2")], GOOD, True),
        ([b"HTTP/1.1 200 OK\r\nContent-", LENGTH[8:] + LENGTH[:-1], b"\n\r\nok"], GOOD, True),
        ([INTERIM + OK.replace(LENGTH, LENGTH + LENGTH)], GOOD, True),
        ([OK.replace(LENGTH, LENGTH + LENGTH)[:-1], None], (Outcome.RESET, 200, b"o"), False),
        ([OK.replace(LENGTH, LENGTH + LENGTH)[:-5], None], (Outcome.RESET, 0, b""), False),
        ([OK.replace(LENGTH, LENGTH + b"Content-Length: 3\r\n")], (Outcome.BAD_BODY, 0, b""), False),
        ([OK.replace(b": 2", b": 2, 3")], (Outcome.BAD_BODY, 0, b""), False),
        ([OK.replace(b": 2", b": two")], (Outcome.BAD_BODY, 0, b""), False),
        ([CHUNKED.replace(b"Transfer", b"Content-Length: 9\r\nTransfer")], GOOD, False),  # chunked counts
        ([CHUNKED.replace(b"chunked", b"chunked\r\nContent-Length: 9")], GOOD, False),
        ([CODED.replace(b"gzip", b"gzip\r\nContent-Length: 9"), None], GOOD, False),  # to the end
        ([OK + OK], GOOD, False),  # two answers to one question
        ([OK + b"nonsense"], GOOD, False),
        (
            [b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n\x00\x01"],
            (Outcome.BAD_STATUS, 101, b""),
            False,
        ),
        ([None], (Outcome.RESET, 0, b""), False),
        ([OK[:20], None], (Outcome.RESET, 0, b""), False),
        ([INTERIM, None], (Outcome.RESET, 0, b""), False),
        ([OK[:-1], None], (Outcome.RESET, 200, b"o"), False),
        ([CHUNKED[:-2], None], (Outcome.RESET, 200, b"ok"), False),
        ([b"nonsense\r\n\r\n"], (Outcome.BAD_BODY, 0, b""), False),
        ([CHUNKED.replace(b"1;", b"z;")], (Outcome.BAD_BODY, 200, b"o"), False),
    ],
)
def test_an_answer_is_read_whole_and_its_connection_kept_if_that_is_safe(
    answer: Sequence[bytes | None], outcome: tuple[Outcome, int, bytes], kept: bool
) -> None:
    async def asked_twice() -> None:
        async with serving(answer, [OK]) as server:
            client = client_of(server)
            assert await begin(client) == outcome
            assert await begin(client) == GOOD
            assert [len(each.requests) for each in server.conversations] == ([2] if kept else [1, 1])
            await client.close()

    play(asked_twice())


class _Transport(asyncio.Transport):
    def write(self, data: Any) -> None:
        pass

    def get_write_buffer_size(self) -> int:
        return 0

    def close(self) -> None:
        pass


@given(
    st.sampled_from(
        [OK, CHUNKED, INTERIM + OK, INTERIM + CHUNKED, TO_THE_END, OF_OLD, TWICE, INTERIM + TWICE]
    ),
    st.sets(st.integers(1, 150)),
)
def test_an_answer_is_read_the_same_in_any_pieces(answer: bytes, cuts: set[int]) -> None:
    ended: list[tuple[int, bytes, Exception | None]] = []
    kept: list[Connection] = []
    connection = Connection(set(), kept.append)
    connection.connection_made(_Transport())
    connection.carry(
        Exchange(ASK, lambda exchange, error: ended.append((exchange.status, exchange.body, error)))
    )
    places = [0, *sorted(cut for cut in cuts if cut < len(answer)), len(answer)]
    for start, end in pairwise(places):
        assert not ended
        connection.data_received(answer[start:end])
    assert bool(ended) == (answer not in {TO_THE_END, OF_OLD})
    connection.eof_received()
    assert ended == [(200, b"ok", None)]


STREAM = b"event: delta\ndata: \xc3\xbc\n\ndata: [DONE]\n\n"
STREAMED = (
    b"HTTP/1.1 103 Early Hints\r\nX-Early: 1\r\n\r\nHTTP/1.1 200 OK\r\nX-A: 1\r\nx-a: 2\r\n"
    b"Transfer-Encoding: chunked\r\nContent-Type: text/event-stream\r\n\r\n"
    + b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in (STREAM[:9], STREAM[9:21], STREAM[21:]))
    + b"0\r\nX-Trailer: 1\r\n\r\n"
)


@given(
    st.sets(st.integers(1, len(STREAMED))), st.sampled_from([None, (), {b"x-a", b"x-early", b"x-trailer"}])
)
def test_a_stream_in_any_pieces_has_the_same_events_and_the_wanted_fields_of_its_own_head(
    cuts: set[int], wanted: Collection[bytes] | None
) -> None:
    connection = Connection(set(), lambda _: None)
    connection.connection_made(_Transport())
    exchange, before = Exchange(ASK, lambda *_: None, wanted=wanted), time.monotonic()
    connection.carry(exchange)
    for start, end in pairwise([0, *sorted(cuts - {len(STREAMED)}), len(STREAMED)]):
        connection.data_received(STREAMED[start:end])
    assert exchange.body == STREAM
    own = [
        (b"x-a", b"1"),
        (b"x-a", b"2"),
        (b"transfer-encoding", b"chunked"),
        (b"content-type", b"text/event-stream"),
    ]
    assert exchange.headers == [each for each in own if wanted is None or each[0] in wanted]
    assert before <= exchange.first_byte <= time.monotonic()
    expected = Expectation(Expect.model_validate({"sse": {}, "headers": {"x-early": "absent"}}), Values())
    assert expected.broken(Answer(200, exchange.body, exchange.headers)) is None


def test_the_first_byte_is_the_answers_own_and_not_that_of_its_end() -> None:
    async def waited() -> None:
        rest = asyncio.Event()
        async with serving([INTERIM, OK[:-1], rest, OK[-1:]]) as server:
            client = client_of(server)
            ended: asyncio.Future[Exception | None] = asyncio.get_running_loop().create_future()
            exchange = Exchange(ASK, lambda _, error: ended.set_result(error))
            client.send(exchange, 20.0)
            while exchange.status == 0:  # the loop has nothing that could be awaited here
                await asyncio.sleep(0)
            began = time.monotonic()
            assert 0 < exchange.first_byte <= began and not ended.done()
            rest.set()
            assert await ended is None and exchange.first_byte <= began
            await client.close()

    play(waited())


async def ended_well(client: Client, enough: int) -> Exchange:
    """A request of a client that leaves after so many bytes, once it has ended without an error."""
    ended: asyncio.Future[Exception | None] = asyncio.get_running_loop().create_future()
    exchange = Exchange(ASK, lambda _, error: ended.set_result(error), enough=enough)
    client.send(exchange, 20.0)
    assert await ended is None
    return exchange


def test_a_client_that_has_read_enough_closes_the_connection() -> None:
    async def leaves() -> None:
        never = asyncio.Event()
        head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        async with serving([head, b"3\r\nabc\r\n", b"3\r\ndef\r\n", never]) as server:
            client = client_of(server)
            exchange = await ended_well(client, enough=5)
            assert (exchange.left, exchange.body) == (True, b"abcdef")
            assert open_of(client) == 0
            never.set()
            await asyncio.wait_for(server.conversations[0].ended.wait(), 20)
            await client.close()

    play(leaves())


def test_a_client_does_not_leave_an_answer_that_is_complete() -> None:
    async def stays() -> None:
        async with serving([OK]) as server:
            client = client_of(server)
            exchange = await ended_well(client, enough=1)
            assert (exchange.left, exchange.body) == (False, b"ok")
            await client.close()

    play(stays())


@pytest.mark.parametrize("said", [[], [OK[:-1]]], ids=["nothing", "half of it"])
def test_a_request_that_takes_too_long_ends_with_its_connection(said: list[bytes]) -> None:
    async def too_long() -> None:
        never = asyncio.Event()
        async with serving([OK], [*said, never]) as server:
            client = client_of(server)
            assert await begin(client) == GOOD
            outcome, status, _ = await begin(client, within=0.5)
            assert (outcome, status) == (Outcome.TIMEOUT, 200 if said else 0)
            never.set()
            await server.conversations[0].ended.wait()
            assert open_of(client) == 0
            await client.close()

    play(too_long())


def test_a_request_in_flight_when_the_client_closes_never_ends() -> None:
    async def let_go() -> None:
        never = asyncio.Event()
        async with serving([never]) as server:
            client = client_of(server)
            sent = [begin(client) for _ in range(2)]
            while server.asked < 2:
                await asyncio.sleep(0.001)
            opening = begin(client, within=0.1)
            await asyncio.sleep(0)
            not_begun = begin(client, within=0.1)
            await client.close()
            await asyncio.sleep(0.3)  # nor when its time has passed
            assert not any(each.done() for each in (*sent, opening, not_begun))
            assert open_of(client) == 0
            never.set()
            await asyncio.gather(*(each.ended.wait() for each in server.conversations))

    play(let_go())


def test_an_address_that_this_machine_has_no_way_to_is_not_tried() -> None:
    assert clients.routable(["127.0.0.1", "2001:db8::1%nowhere"], 80) == ["127.0.0.1"]
    assert clients.routable(["2001:db8::1%nowhere"], 80) == ["2001:db8::1%nowhere"]


def test_a_local_shortage_is_not_hidden_by_the_next_address(monkeypatch: pytest.MonkeyPatch) -> None:
    async def out_of_ports(_: Client, address: str) -> Connection:
        raise OSError(errno.EADDRNOTAVAIL if address == "127.0.0.1" else errno.ECONNREFUSED, "planted")

    async def both() -> None:
        monkeypatch.setattr(Client, "_connect", out_of_ports)
        assert await begin(Client("http://name.test:1", ["127.0.0.1", "127.0.0.2"])) == (None, 0, b"")
        assert await begin(Client("http://name.test:1", ["127.0.0.2"])) == (Outcome.REFUSED, 0, b"")

    play(both())


def test_addresses_are_tried_in_turn() -> None:
    async def second() -> None:
        async with serving([OK], host="127.0.0.2") as server:
            for addresses in (["127.0.0.3", "127.0.0.2"], ["127.0.0.2"]):
                client = Client(f"http://name.test:{server.port}", addresses)
                assert await begin(client) == GOOD
                await client.close()
            client = Client(f"http://name.test:{server.port}", ["127.0.0.3", "127.0.0.4"])
            assert await begin(client) == (Outcome.REFUSED, 0, b"")

    play(second())
