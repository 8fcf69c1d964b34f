"""One connection: carries one exchange after another and parses the answers with llhttp."""

from __future__ import annotations

import asyncio
import select
import socket
import time
from collections.abc import Callable
from typing import cast

from httptools import HttpParserCallbackError, HttpParserError, HttpParserUpgrade, HttpResponseParser

from chaos.load import framing
from chaos.load.exchange import Exchange
from chaos.load.failures import Disconnected, Malformed

_HEAD = b"HEAD "


class Connection(asyncio.Protocol):
    """In `everyone` while open; `on_free` is called when it may carry another exchange."""

    def __init__(self, everyone: set[Connection], on_free: Callable[[Connection], None]) -> None:
        self._everyone, self._on_free = everyone, on_free
        self._transport: asyncio.Transport | None = None
        self._parser: HttpResponseParser | None = None
        self._unread = select.poll()
        self._exchange: Exchange | None = None
        self._bodiless = False  # the previous answer had no body, whatever its headers said
        self.idle_since = 0.0  # by its pool
        self._expect_an_answer()

    def _expect_an_answer(self) -> None:
        self._head = b""  # bytes received until it is complete
        self._mending = self._mended = False  # llhttp gave up at its length: it is parsed again once complete
        self._body: list[bytes] = []
        self._read = 0  # bytes of the body
        self._begun = False  # its head is complete, and it is not an interim answer
        self._first_byte: float | None = None  # when it arrived
        self._forget_header()
        self._whole = False
        self._keep = True  # another may follow

    def _forget_header(self) -> None:
        self._length = False  # it declares its length
        self._coding: bytes | None = None  # the last of its transfer codings
        self._type = b""
        if self._exchange is not None:
            self._exchange.headers.clear()

    @property
    def _framed(self) -> bool:
        """True if its end is known without closing the connection. A transfer coding overrides a length."""
        return self._length if self._coding is None else self._coding == b"chunked"

    def is_fit(self) -> bool:
        """True if it can carry another exchange. Its peer's close may not have arrived yet: a request sent into it
        would fail, by midnight's own making.
        """
        return self._transport is not None and not self._transport.is_closing() and not self._unread.poll(0)

    def carry(self, exchange: Exchange) -> None:
        """Send the request immediately, and end the exchange with the answer."""
        self._exchange = exchange
        if self._bodiless:  # llhttp still waits for the body of an answer that has none
            self._parser, self._bodiless = self._new_parser(), False
        self._expect_an_answer()
        exchange.carried(self.drop)
        if self._transport is None:
            self._end(Disconnected(None, "closed as soon as it was open"))
        else:
            self._transport.write(exchange.request)

    def drop(self) -> None:
        """Close it. An exchange in progress never ends; end it first if needed."""
        exchange, self._exchange = self._exchange, None
        transport, self._transport = self._transport, None
        self._parser = None  # it references this object, and the garbage collector is off during the play
        self._everyone.discard(self)
        if exchange is not None:
            exchange.forget()
        if transport is None:
            return
        if exchange is None and not transport.get_write_buffer_size():
            transport.close()  # with TLS close_notify
        else:
            transport.abort()

    def _end(self, error: Exception | None) -> None:
        exchange, self._exchange = self._exchange, None
        if exchange is None:
            return
        exchange.body, self._body = b"".join(self._body), []
        sent = self._transport is not None and not self._transport.get_write_buffer_size()
        if error is None and self._keep and sent:
            self._on_free(self)
        else:
            self.drop()
        exchange.end(error)

    # Called by the loop.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._everyone.add(self)
        self._transport = cast(asyncio.Transport, transport)
        peer: socket.socket | None = transport.get_extra_info("socket")
        if peer is not None:
            self._unread.register(peer.fileno(), select.POLLIN)
        self._parser = self._new_parser()

    def _new_parser(self) -> HttpResponseParser:
        parser = HttpResponseParser(self)
        # What real-world clients tolerate does not count against the target.
        parser.set_dangerous_leniencies(
            lenient_headers=True,
            lenient_chunked_length=True,
            lenient_optional_cr_before_lf=True,
            lenient_spaces_after_chunk_size=True,
            lenient_data_after_close=True,
        )
        return parser

    def data_received(self, data: bytes) -> None:
        if self._exchange is None or self._parser is None:
            self.drop()  # unsolicited: it must not be mistaken for the answer to the next request
            return
        if not self._begun:
            self._head += data
            if self._first_byte is None:
                self._first_byte = time.monotonic()
        try:
            if self._mending:
                self._mend()
            else:
                self._parser.feed_data(data)
        except HttpParserCallbackError:
            raise  # closed by this side
        except (HttpParserError, HttpParserUpgrade, Malformed) as error:
            self._refused(error)
        if self._whole:
            self._end(None)
        elif self._exchange is not None and self._exchange.enough is not None:
            self._leave(self._exchange, self._exchange.enough)

    def _leave(self, exchange: Exchange, enough: int) -> None:
        """As a client that closes its tab, once it has read enough."""
        if self._read >= enough:
            exchange.left, self._keep = True, False
            self._end(None)

    def _refused(self, error: Exception) -> None:
        """llhttp rejects the input."""
        if not (self._begun or self._mending or self._mended) and framing.is_about_length(error):
            self._mending = True
            self.data_received(b"")
            return
        self._keep = False
        if not self._whole:
            self._end(Malformed(str(error)))

    def _mend(self) -> None:
        """Parse the head again once it is complete. Raises Malformed, and llhttp's own errors."""
        mended = framing.said_once(self._head)
        if mended is not None:
            self._parser, self._mending, self._mended = self._new_parser(), False, True
            self._parser.feed_data(mended)

    def eof_received(self) -> None:
        """Over TLS only close_notify gets here, so a truncated answer is not taken for complete."""
        self._keep = False
        if self._begun and not self._framed:
            self._end(None)  # such an answer ends with its connection (RFC 9112, 6.3)
        else:
            self._end(Disconnected(None, "closed before the answer was complete"))

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        errno = exc.errno if isinstance(exc, OSError) else None
        self._end(Disconnected(errno, str(exc or "lost before the answer was complete")))
        self.drop()

    # Called by the parser.

    def on_message_begin(self) -> None:
        if self._whole:
            self._keep = False  # a second answer to one request
        else:
            self._forget_header()

    def on_header(self, name: bytes, value: bytes) -> None:
        lower = name.lower()
        if self._whole:
            return
        if lower == b"content-length":
            self._length = True
        elif lower == b"transfer-encoding":
            self._coding = value.lower().rpartition(b",")[2].strip()
        elif lower == b"content-type":
            self._type = value
        exchange = self._exchange
        if not self._begun and exchange is not None and (exchange.wanted is None or lower in exchange.wanted):
            exchange.headers.append((lower, value))

    def on_headers_complete(self) -> None:
        if self._whole or self._exchange is None or self._parser is None:
            return
        status = self._parser.get_status_code()
        interim = 100 <= status < 200 and status != 101  # the answer follows (RFC 9110, 15.2)
        if interim:
            self._first_byte = None  # the answer's own is still to come, if it is not here already
        else:
            self._exchange.first_byte = self._first_byte or time.monotonic()
            self._exchange.status, self._exchange.type = status, self._type
            self._begun, self._head = True, b""
            both = (
                self._length and self._coding is not None
            )  # such a connection is not reused (RFC 9112, 6.1)
            self._keep = self._parser.should_keep_alive() and not both
            if self._exchange.request.startswith(_HEAD):  # whatever length it declares (RFC 9110, 9.3.2)
                self._whole = self._bodiless = True

    def on_body(self, body: bytes) -> None:
        if not self._whole:
            self._body.append(body)
            self._read += len(body)

    def on_message_complete(self) -> None:
        self._whole = self._whole or self._begun
