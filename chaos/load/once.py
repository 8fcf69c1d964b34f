"""One request sent once, outside a play: a call of the session, or a route that is tried."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chaos.errors import Refused
from chaos.load.client import Client
from chaos.load.exchange import Exchange
from chaos.load.expectations import Answer, Expectation
from chaos.load.values import Row, Values
from chaos.load.wire import Shape
from chaos.record.redact import known
from chaos.record.secret_forms import mask
from chaos.spec.request import Request

_SAMPLE = 120  # characters of a body


@dataclass(frozen=True, slots=True)
class Sender:
    """Where to send: `addresses` are those of the host; `headers` are sent, too; `taken` are the session's values."""

    base_url: str
    addresses: Sequence[str]
    headers: Mapping[str, str]
    taken: Mapping[str, Any]

    def send(self, request: Request, row: Row, within: float) -> tuple[Exchange, float]:
        """Return the good answer, and the seconds to its first byte. Blocks. Raises Refused, with the status and a
        masked part of the body, if none comes in time or it is not good."""
        values = Values(self.taken)
        shaped = Shape(self.base_url, self.headers, request, values).request(row)
        exchange, waited = asyncio.run(self._exchanged(shaped, within))
        answer = Answer(exchange.status, exchange.body, exchange.headers, waited)
        if (bad := Expectation(request.expect, values).broken(answer, row)) is not None:
            raise Refused(f"{masked(bad.why)}{sample(exchange)}")
        return exchange, waited

    async def _exchanged(self, request: bytes, within: float) -> tuple[Exchange, float]:
        ended: asyncio.Future[Exception | None] = asyncio.get_running_loop().create_future()
        exchange = Exchange(request, lambda _, error: ended.set_result(error), wanted=None)
        client, sent = Client(self.base_url, self.addresses), time.monotonic()
        try:
            client.send(exchange, within)
            error = await ended
        finally:
            await client.close()
        if error is not None:
            why = "no answer in time" if isinstance(error, TimeoutError) else str(error)
            raise Refused(masked(why or type(error).__name__))
        return exchange, exchange.first_byte - sent


def row_now(values: Mapping[str, Any] | None = None) -> Row:
    """A row of another number each time, and of none that a run has."""
    now = time.time()
    return Row(int(now * 1000), row=values or {}, now=now)


def sample(exchange: Exchange) -> str:
    """The status, and the beginning of the body, masked, on one line."""
    text = " ".join(masked(exchange.body[: 4 * _SAMPLE].decode(errors="replace")).split())
    text = text if len(text) <= _SAMPLE else f"{text[:_SAMPLE]}..."
    return f" (status {exchange.status}): {text or 'no body'}"


def masked(text: str) -> str:
    """Without known secrets, and all that looks like one: an answer may hold the token that was to be taken."""
    return mask(known(text))
