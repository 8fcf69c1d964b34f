"""The server's side of the Network Block Device protocol: the fixed newstyle handshake and simple replies.

It parses and formats; it neither reads nor writes.

Source: https://github.com/NetworkBlockDevice/nbd/blob/master/doc/proto.md
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Generator
from dataclasses import dataclass
from enum import IntEnum

GREETING = b"NBDMAGIC"
OPTION, OPTION_REPLY = 0x49484156454F5054, 0x0003E889045565A9
REQUEST, REPLY = 0x25609513, 0x67446698
NEWSTYLE = 1 | 1 << 1  # fixed newstyle, no zeroes at its end
TRANSMISSION = 1 | 1 << 2 | 1 << 5  # the flags are valid, flushing and trimming are supported
ACK, INFO, UNSUPPORTED = 1, 3, 0x80000001
ABORT, GO = 2, 7
INFOS = (6, GO)
EXPORT_INFO = 0
LARGEST = 64 << 20  # bytes in one request; clients use at most 32 MiB

_HEAD = struct.Struct(">IHHQQI")
_ANSWER = struct.Struct(">IIQ")


class Command(IntEnum):
    READ = 0
    WRITE = 1
    DISCONNECT = 2
    FLUSH = 3
    TRIM = 4


@dataclass(frozen=True, slots=True, eq=False)
class Request:
    """Compared by identity: the data may be megabytes."""

    command: Command
    cookie: int
    offset: int
    length: int
    data: bytes


Parsing = Generator[int, bytes, None]
"""Yields how many bytes it needs next, and is sent them."""


def conversation(size: int, write: Callable[[bytes], None], take: Callable[[Request], None]) -> Parsing:
    """Negotiate a disk of `size` bytes, then `take` each request, until the client disconnects. Raises ValueError."""
    write(GREETING + struct.pack(">QH", OPTION, NEWSTYLE))
    yield 4  # the client's flags
    if not (yield from _options(size, write)):
        return
    while True:
        magic, _, command, cookie, offset, length = _HEAD.unpack((yield _HEAD.size))
        if magic != REQUEST or length > LARGEST:
            raise ValueError(f"not a request: magic {magic:#x}, length {length}")
        if command == Command.DISCONNECT:
            return
        data = (yield length) if command == Command.WRITE else b""
        take(Request(Command(command), cookie, offset, length, data))


def _options(size: int, write: Callable[[bytes], None]) -> Generator[int, bytes, bool]:
    """Answer the client's options; return whether it goes on to send requests."""
    while True:
        magic, option, length = struct.unpack(">QII", (yield 16))
        if magic != OPTION or length > LARGEST:
            raise ValueError(f"not an option: magic {magic:#x}, length {length}")
        if length:
            yield length
        if option in INFOS:
            _reply(write, option, INFO, struct.pack(">HQH", EXPORT_INFO, size, TRANSMISSION))
        _reply(write, option, ACK if option in (*INFOS, ABORT) else UNSUPPORTED)
        if option in (GO, ABORT):
            return bool(option == GO)


def _reply(write: Callable[[bytes], None], option: int, kind: int, data: bytes = b"") -> None:
    write(struct.pack(">QIII", OPTION_REPLY, option, kind, len(data)) + data)


def answer(request: Request, error: int, data: bytes = b"") -> bytes:
    """A reply; an `error` of 0 is success. The protocol's numbers for EIO and ENOSPC are Linux's."""
    return _ANSWER.pack(REPLY, error, request.cookie) + data
