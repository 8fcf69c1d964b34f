"""The conversation is understood in pieces of any size, and what is none ends it."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaos.host.disk import nbd
from chaos.host.disk.nbd import Command, Request
from tests.host.nbd_client import FLAGS, option, request

SIZE = 1 << 30
UNKNOWN = 99
Heard = tuple[bytes, list[Request], str]


def hear(pieces: list[bytes]) -> Heard:
    """What the server answers to these pieces, the requests it takes, and how the conversation ends."""
    answered, taken, buffer = bytearray(), list[Request](), b""
    talking = nbd.conversation(SIZE, answered.extend, taken.append)
    needed = next(talking)
    for piece in pieces:
        buffer += piece
        while len(buffer) >= needed:
            head, buffer = buffer[:needed], buffer[needed:]
            try:
                needed = talking.send(head)
            except StopIteration:
                return bytes(answered), taken, "disconnected"
            except ValueError as error:
                return bytes(answered), taken, str(error)
    return bytes(answered), taken, ""


def cut(stream: bytes, at: list[int]) -> list[bytes]:
    places = sorted({place % (len(stream) + 1) for place in at})
    return [stream[begin:end] for begin, end in zip([0, *places], [*places, len(stream)], strict=True)]


def parts(each: Request) -> tuple[object, ...]:
    return each.command, each.cookie, each.offset, each.length, each.data


requests = st.builds(
    lambda command, cookie, offset, data: Request(command, cookie, offset, len(data), data),
    st.sampled_from([Command.READ, Command.WRITE, Command.FLUSH, Command.TRIM]),
    st.integers(0, 2**64 - 1),
    st.integers(0, SIZE),
    st.binary(max_size=200),
)


@given(
    st.lists(st.tuples(st.sampled_from([6, 8, UNKNOWN]), st.binary(max_size=20)), max_size=3),
    st.lists(requests, max_size=6),
    st.lists(st.integers(0, 2000), max_size=12),
)
def test_a_conversation_in_pieces_is_the_same_as_whole(
    options: list[tuple[int, bytes]], wanted: list[Request], at: list[int]
) -> None:
    stream = FLAGS + b"".join(option(number, data) for number, data in options) + option(nbd.GO)
    for each in wanted:
        data = each.data if each.command is Command.WRITE else b""
        stream += request(each.command, each.cookie, each.offset, each.length, data)
    stream += request(Command.DISCONNECT, 0)

    whole, pieces = hear([stream]), hear(cut(stream, at))

    assert (pieces[0], pieces[2]) == (whole[0], whole[2]) and whole[2] == "disconnected"
    assert [parts(each) for each in pieces[1]] == [parts(each) for each in whole[1]]
    said = [(e.command, e.cookie, e.offset, e.length, e.data * (e.command is Command.WRITE)) for e in wanted]
    assert [parts(each) for each in whole[1]] == said


def replies(stream: bytes) -> list[tuple[int, int, bytes]]:
    """Option, kind and data of each reply after the greeting."""
    found, rest = [], stream[18:]
    while rest:
        magic, number, kind, length = struct.unpack(">QIII", rest[:20])
        assert magic == nbd.OPTION_REPLY
        found.append((number, kind, rest[20 : 20 + length]))
        rest = rest[20 + length :]
    return found


def test_each_option_gets_the_answer_that_the_protocol_wants() -> None:
    stream = FLAGS + option(UNKNOWN, b"what?") + option(6) + option(nbd.GO)
    answered, _, how = hear([stream])
    size = struct.pack(">HQH", nbd.EXPORT_INFO, SIZE, nbd.TRANSMISSION)
    assert replies(answered) == [
        (UNKNOWN, nbd.UNSUPPORTED, b""),
        (6, nbd.INFO, size),
        (6, nbd.ACK, b""),
        (nbd.GO, nbd.INFO, size),
        (nbd.GO, nbd.ACK, b""),
    ]
    assert how == ""


def test_a_client_that_gives_up_is_acknowledged_and_let_go() -> None:
    answered, taken, how = hear([FLAGS + option(nbd.ABORT) + request(Command.READ, 1, 0, 1)])
    assert (replies(answered), taken, how) == ([(nbd.ABORT, nbd.ACK, b"")], [], "disconnected")


@pytest.mark.parametrize(
    ("said", "because"),
    [
        (option(nbd.GO, magic=1), "not an option: magic 0x1"),
        (struct.pack(">QII", nbd.OPTION, 1, nbd.LARGEST + 1), "not an option"),
        (option(nbd.GO) + request(0, 1, length=1, magic=1), "not a request: magic 0x1"),
        (option(nbd.GO) + request(1, 1, length=nbd.LARGEST + 1), "not a request"),
        (option(nbd.GO) + request(UNKNOWN, 1), "99 is not a valid Command"),
    ],
)
def test_what_is_not_of_the_protocol_ends_the_conversation(said: bytes, because: str) -> None:
    _, taken, how = hear([FLAGS + said])
    assert because in how and taken == []
