"""The first words of a session in each protocol: enough to be a client of a server, or to hear that there is no room
for another one. Without a sign-in, no password is needed and nothing changes. `chaos.host.stores` signs in.

A server counts a session that has not signed in yet like any other: PostgreSQL for its `authentication_timeout`,
MySQL for its `connect_timeout`.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from contextlib import suppress
from dataclasses import dataclass

from chaos.plugin.kinds import Kind

PATIENCE = 10.0  # seconds for a connection and its answer
_SILENCE = 0.2  # seconds after which a server that has not hung up keeps the connection
_USER = "midnight"

REFUSED = "connection refused"
HUNG_UP = "closed without an answer"
MYSQL_FULL = {1040: "too many connections", 1203: "max_user_connections", 1226: "a limit of the user"}
_SIGNED_IN = b"\0\0\0\0"
_POSTGRES_SAYS = (b"R", b"E", b"S", b"K", b"Z", b"N")
_HTTP_FULL = {429, 503}


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server said. `full`: that there is no room. Neither `full` nor `taken`: no client of this protocol gets
    a session."""

    said: str
    taken: bool = False  # the connection is the client's, as long as it likes
    full: bool = False


class Line:
    """One connection."""

    def __init__(self, kind: Kind, made: socket.socket, host: str) -> None:
        self.kind, self._socket, self._host = kind, made, host
        self._loop = asyncio.get_running_loop()
        self._greeting = b""

    async def greet(self) -> Answer:
        """Say the first words, and hear the answer. Raises OSError, ValueError for words of another protocol."""
        try:
            return await _GREETS[self.kind](self)
        except (ConnectionError, EOFError):
            return Answer(HUNG_UP, full=True)

    async def wait_for_end(self) -> None:
        """Return when the server hangs up. A client over HTTP asks once a second meanwhile, as a busy one does."""
        with suppress(OSError, EOFError, ValueError):
            while True:
                if self.kind == "http":
                    await asyncio.sleep(1.0)
                    await self._http()
                else:
                    await self.read(1)

    async def leave(self) -> None:
        """Hang up. MySQL is let deny a sign-in first: it blocks a host after a hundred handshakes cut short."""
        with suppress(OSError, EOFError, ValueError, TimeoutError):
            if self.kind == "mysql" and self._greeting:
                async with asyncio.timeout(2.0):
                    await self._be_denied()
        self._socket.close()

    async def write(self, data: bytes) -> None:
        with suppress(ConnectionError):  # it may have hung up already: its last words can still be read
            await self._loop.sock_sendall(self._socket, data)

    async def read(self, count: int) -> bytes:
        """Exactly so many bytes. Raises EOFError, OSError."""
        found = b""
        while len(found) < count:
            piece = await self._loop.sock_recv(self._socket, count - len(found))
            if not piece:
                raise EOFError
            found += piece
        return found

    async def read_to(self, end: bytes) -> bytes:
        """Up to and with `end`. Raises EOFError, OSError, ValueError if it does not come."""
        found = b""
        while not found.endswith(end):
            found += await self.read(1)
            if len(found) > 1 << 16:
                raise ValueError("no end of a line")
        return found

    async def packet(self) -> bytes:
        """Of MySQL."""
        header = await self.read(4)
        return await self.read(int.from_bytes(header[:3], "little"))

    async def _be_denied(self) -> None:
        # PROTOCOL_41, SECURE_CONNECTION, PLUGIN_AUTH, and an empty password
        login = (
            struct.pack("<IIB23x", 0x00088200, 1 << 24, 33) + f"{_USER}\0\0mysql_native_password\0".encode()
        )
        await self.write(struct.pack("<I", len(login) | 1 << 24) + login)
        if (await self.packet())[:1] == b"\xfe":  # another way to sign in: this client knows none
            await self.write(struct.pack("<I", 3 << 24))
            await self.packet()

    async def _postgres(self) -> Answer:
        words = f"user\0{_USER}\0database\0postgres\0\0".encode()
        await self.write(struct.pack("!II", len(words) + 8, 196608) + words)
        sort, said = await self._message()
        if sort == b"R" and said == _SIGNED_IN:  # it trusts any client: now it looks whether the role exists
            sort, said = await self._message()
        elif sort == b"R":
            return Answer("it asks for a login", taken=True)
        if sort != b"E":
            return Answer("signed in", taken=True)
        fields = {each[:1]: each[1:].decode(errors="replace") for each in said.split(b"\0") if each}
        code, text = fields.get(b"C", ""), fields.get(b"M", "")
        full = code == "53300" or "no more connections allowed" in text  # the second is pgbouncer's
        return Answer(f"{code} {text}".strip(), full=full)

    async def _message(self) -> tuple[bytes, bytes]:
        """Of PostgreSQL."""
        sort = await self.read(1)
        if sort not in _POSTGRES_SAYS:
            raise ValueError(f"it begins with {sort!r}")
        (length,) = struct.unpack("!I", await self.read(4))
        return sort, await self.read(max(4, min(length, 1 << 16)) - 4)

    async def _mysql(self) -> Answer:
        said = await self.packet()
        if said[:1] == b"\xff":
            (code,) = struct.unpack_from("<H", said, 1)
            return Answer(f"{code} {MYSQL_FULL.get(code, 'refused')}", full=code in MYSQL_FULL)
        if said[:1] != b"\x0a":
            raise ValueError(f"it begins with {said[:1]!r}")
        self._greeting = said
        return Answer(said[1:].partition(b"\0")[0].decode(errors="replace"), taken=True)

    async def _redis(self) -> Answer:
        await self.write(b"*1\r\n$4\r\nPING\r\n")
        said = (await self.read_to(b"\r\n")).decode(errors="replace").strip()
        if said[:1] not in ("+", "-"):
            raise ValueError(f"it begins with {said[:1]!r}")
        full = "max number of clients" in said
        return Answer(said, taken=not full and not said.startswith("-DENIED"), full=full)

    async def _http(self) -> Answer:
        host = self._host
        await self.write(f"HEAD / HTTP/1.1\r\nHost: {host}\r\nUser-Agent: midnight\r\n\r\n".encode())
        version, _, status = (await self.read_to(b"\r\n")).decode(errors="replace").strip().partition(" ")
        if not version.startswith("HTTP/") or not status[:3].isdigit():
            raise ValueError("no HTTP status")
        while await self.read_to(b"\r\n") != b"\r\n":
            pass
        full = int(status[:3]) in _HTTP_FULL
        return Answer(status, taken=not full, full=full)

    async def _tcp(self) -> Answer:
        try:
            async with asyncio.timeout(_SILENCE):
                await self.read(1)
            return Answer("it speaks first", taken=True)
        except TimeoutError:
            return Answer("connected", taken=True)


_GREETS = {
    "postgres": Line._postgres,
    "mysql": Line._mysql,
    "redis": Line._redis,
    "http": Line._http,
    "tcp": Line._tcp,
}


async def opened(kind: Kind, at: str) -> tuple[Line | None, Answer]:
    """Connect to HOST:PORT and greet. The line is open if its session is taken. Raises OSError, TimeoutError, and
    ValueError if another protocol is spoken there."""
    host, _, port = at.rpartition(":")
    family, _, _, _, address = (
        await asyncio.get_running_loop().getaddrinfo(host.strip("[]"), int(port), type=socket.SOCK_STREAM)
    )[0]
    made = socket.socket(family, socket.SOCK_STREAM)
    made.setblocking(False)
    line = Line(kind, made, at)
    try:
        async with asyncio.timeout(PATIENCE):
            await asyncio.get_running_loop().sock_connect(made, address)
            answer = await line.greet()
    except ConnectionRefusedError:
        made.close()
        return None, Answer(REFUSED, full=True)
    except BaseException:
        made.close()
        raise
    if not answer.taken:
        made.close()
        return None, answer
    return line, answer


def ask(kind: Kind, at: str) -> Answer:
    """One session, greeted and left. Raises OSError, TimeoutError, ValueError, as `opened` does."""

    async def one() -> Answer:
        line, answer = await opened(kind, at)
        if line is not None:
            await line.leave()
        return answer

    return asyncio.run(one())
