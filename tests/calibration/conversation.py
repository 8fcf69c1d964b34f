"""As much of HTTP/1.1 as a truth server needs: no more between the arrival of a request and its record."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Request:
    path: str
    body: bytes
    at: float  # time.monotonic() when its last byte was read


class Connection(asyncio.Protocol):
    """Hands each whole request to `take`, with itself to answer on."""

    def __init__(self, take: Callable[[Request, Connection], None]) -> None:
        self._take, self._data = take, b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    @property
    def open(self) -> bool:
        return self._transport is not None and not self._transport.is_closing()

    def close(self) -> None:
        """What was written still goes out."""
        if self._transport is not None:
            self._transport.close()

    def data_received(self, data: bytes) -> None:
        self._data += data
        head, found, rest = self._data.partition(b"\r\n\r\n")
        if not found:
            return
        first, *lines = head.decode().split("\r\n")
        fields = dict(line.lower().split(":", 1) for line in lines)
        length = int(fields.get("content-length", "0"))
        if len(rest) >= length:
            self._data = rest[length:]
            self._take(Request(first.split()[1], rest[:length], time.monotonic()), self)

    def answer(self, status: int, document: Any) -> float | None:
        """Answer a document as JSON, or bytes as they are; the instant, None when nobody is there any more."""
        if self._transport is None or not self.open:
            return None
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        at = time.monotonic()
        self._transport.write(b"HTTP/1.1 %d X\r\nContent-Length: %d\r\n\r\n%b" % (status, len(body), body))
        return at
