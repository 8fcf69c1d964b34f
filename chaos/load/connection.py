"""One connection: it carries one exchange after another, and reads the answers with llhttp."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import cast

from httptools import HttpParserCallbackError, HttpParserError, HttpParserUpgrade, HttpResponseParser

from chaos.load.exchange import Exchange


class Disconnected(ConnectionError):
    """The connection ended before the answer did; `errno` is the system's, or None."""


class Malformed(Exception):
    """What came is not HTTP."""


class Connection(asyncio.Protocol):
    """In `everyone` while it is open; `on_free` is called when it may carry another exchange."""

    def __init__(self, everyone: set[Connection], on_free: Callable[[Connection], None]) -> None:
        self._everyone, self._on_free = everyone, on_free
        self._transport: asyncio.Transport | None = None
        self._parser: HttpResponseParser | None = None
        self._exchange: Exchange | None = None
        self.idle_since = 0.0  # by whoever keeps it

    @property
    def is_open(self) -> bool:
        return self._transport is not None

    def carry(self, exchange: Exchange) -> None:
        """Send the request at once, and end the exchange with what comes back."""
        self._exchange = exchange
        self._body: list[bytes] = []
        self._begun = self._framed = self._whole = False
        self._keep = True
        exchange.carried(self.abort)
        if self._transport is None:
            self._end(Disconnected(None, "closed as soon as it was open"))
        else:
            self._transport.write(exchange.request)

    def abort(self) -> None:
        """Close it without another word, and forget what it carries."""
        exchange, self._exchange = self._exchange, None
        if exchange is not None:
            exchange.forget()
        transport, self._transport = self._transport, None
        if transport is not None:
            transport.abort()

    def _end(self, error: Exception | None) -> None:
        exchange, self._exchange = self._exchange, None
        if exchange is None:
            return
        exchange.body = b"".join(self._body)
        if error is None and self._keep:
            self._on_free(self)
        else:
            self.abort()
        exchange.end(error)

    # What the loop calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._everyone.add(self)
        self._transport = cast(asyncio.Transport, transport)
        self._parser = HttpResponseParser(self)
        # What clients in the field put up with is no fault of the target's.
        self._parser.set_dangerous_leniencies(
            lenient_headers=True, lenient_optional_cr_before_lf=True, lenient_data_after_close=True
        )

    def data_received(self, data: bytes) -> None:
        if self._exchange is None or self._parser is None:
            self.abort()  # nobody asked: it must not pass for the answer to what is asked next
            return
        try:
            self._parser.feed_data(data)
        except HttpParserCallbackError:
            raise  # that was us
        except (HttpParserError, HttpParserUpgrade) as error:
            self._keep = False
            if not self._whole:
                self._end(Malformed(str(error)))
        if self._whole:
            self._end(None)

    def connection_lost(self, exc: Exception | None) -> None:
        self._everyone.discard(self)
        self._transport = self._parser = None  # they hold us, and the collector rests during the play
        self._keep = False
        if exc is None and self._exchange is not None and self._begun and not self._framed:
            self._end(None)  # such an answer ends with its connection (RFC 9112, 6.3)
        else:
            errno = exc.errno if isinstance(exc, OSError) else None
            self._end(Disconnected(errno, str(exc or "closed before the answer was whole")))

    # What the parser calls.

    def on_message_begin(self) -> None:
        self._framed = False
        if self._whole:
            self._keep = False  # a second answer, and one question

    def on_header(self, name: bytes, value: bytes) -> None:
        lower = name.lower()
        if lower == b"content-length":
            self._framed = True
        elif lower == b"transfer-encoding":
            self._framed = value.lower().rpartition(b",")[2].strip() == b"chunked"

    def on_headers_complete(self) -> None:
        if self._whole or self._exchange is None or self._parser is None:
            return
        status = self._parser.get_status_code()
        if status >= 200 or status == 101:  # the others are interim: the answer follows (RFC 9110, 15.2)
            self._exchange.status = status
            self._begun = True
            self._keep = self._parser.should_keep_alive()

    def on_body(self, body: bytes) -> None:
        if not self._whole:
            self._body.append(body)

    def on_message_complete(self) -> None:
        self._whole = self._whole or self._begun
