"""A small NBD client, as a test needs one: it says what it likes, well-formed or not."""

from __future__ import annotations

import socket
import struct
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from chaos.host.disk import nbd
from chaos.host.disk.nbd import Command

FLAGS = struct.pack(">I", 3)  # fixed newstyle, no zeroes


def option(number: int, data: bytes = b"", *, magic: int = nbd.OPTION) -> bytes:
    return struct.pack(">QII", magic, number, len(data)) + data


def request(
    command: int,
    cookie: int,
    offset: int = 0,
    length: int = 0,
    data: bytes = b"",
    *,
    magic: int = nbd.REQUEST,
) -> bytes:
    return struct.pack(">IHHQQI", magic, 0, command, cookie, offset, length or len(data)) + data


@dataclass(frozen=True, slots=True)
class OptionReply:
    option: int
    kind: int
    data: bytes


class NbdClient:
    """A connection that blocks until it is answered."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(30)
        self._socket.connect(str(path))
        self._cookie = 0

    def __enter__(self) -> NbdClient:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()

    def send(self, data: bytes) -> None:
        self._socket.sendall(data)

    def receive(self, size: int) -> bytes:
        """That many bytes. Raises ConnectionError when the server hangs up."""
        found = b""
        while len(found) < size:
            if not (piece := self._socket.recv(size - len(found))):
                raise ConnectionError(f"closed after {len(found)} of {size} bytes")
            found += piece
        return found

    def greet(self) -> tuple[bytes, int, int]:
        magic, option_magic, flags = struct.unpack(">8sQH", self.receive(18))
        self.send(FLAGS)
        return magic, option_magic, flags

    def ask(self, number: int, data: bytes = b"") -> OptionReply:
        self.send(option(number, data))
        return self.option_reply()

    def option_reply(self) -> OptionReply:
        magic, number, kind, length = struct.unpack(">QIII", self.receive(20))
        assert magic == nbd.OPTION_REPLY
        return OptionReply(number, kind, self.receive(length))

    def go(self) -> int:
        """Negotiate; return the size of the disk."""
        self.greet()
        info = self.ask(nbd.GO)
        assert (info.kind, self.option_reply().kind) == (nbd.INFO, nbd.ACK)
        return int(struct.unpack(">HQH", info.data)[1])

    def begin(self, command: int, offset: int = 0, length: int = 0, data: bytes = b"") -> int:
        """Send a request; return its cookie."""
        self._cookie += 1
        self.send(request(command, self._cookie, offset, length, data))
        return self._cookie

    def reply(self, size: int = 0) -> tuple[int, int, bytes]:
        """The next reply: cookie, error, and `size` bytes of data if it is none."""
        magic, error, cookie = struct.unpack(">IIQ", self.receive(16))
        assert magic == nbd.REPLY
        return cookie, error, b"" if error else self.receive(size)

    def do(self, command: int, offset: int = 0, length: int = 0, data: bytes = b"") -> tuple[int, bytes]:
        """One request; return error and data."""
        cookie = self.begin(command, offset, length, data)
        answered, error, data = self.reply(length if command == Command.READ else 0)
        assert answered == cookie
        return error, data

    def write(self, offset: int, data: bytes) -> int:
        return self.do(Command.WRITE, offset, data=data)[0]

    def read(self, offset: int, length: int) -> tuple[int, bytes]:
        return self.do(Command.READ, offset, length)


def is_closed_by(client: NbdClient) -> bool:
    """True if the server hangs up without another word."""
    with closing(client._socket):
        try:
            client.receive(1)
        except ConnectionError:
            return True
    return False
