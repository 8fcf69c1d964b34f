"""One request, sent once, and its row in the table of hits."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from chaos.errors import LoadError
from chaos.load import arrivals, outcomes
from chaos.load.answers import Answers
from chaos.load.client import Client
from chaos.load.exchange import Exchange
from chaos.load.recorder import Recorder
from chaos.load.spec import LoadSpec
from chaos.load.wire import Wire
from chaos.record.hits import Outcome
from chaos.record.journal import Clock

Landed = Callable[[LoadError | None], None]


class Sender:
    """Sends the requests of one table, and fills in their rows."""

    def __init__(
        self, spec: LoadSpec, recorder: Recorder, client: Client, answers: Answers | None = None
    ) -> None:
        self._spec, self._client, self._answers = spec, client, answers
        self._wire = Wire(spec)
        self._now = Clock(spec.clock_zero).now
        counts = [route.items for route in spec.routes]
        table, self._touch = recorder.table, recorder.touch
        self._items = arrivals.items(table["route"], counts, arrivals.Streams.of(spec.seed).items)
        self._route, self._seq = table["route"], table["seq"]
        self._sent, self._done = table["sent"], table["done"]
        self._status, self._outcome = table["status"], table["outcome"]

    def send(self, index: int, landed: Landed) -> float:
        """Send the request of row `index` and return the time it was sent.

        `landed` is called once it has ended and its row is filled in; with a LoadError if midnight itself ran out of
        something, such as descriptors.
        """
        code = int(self._route[index])
        request = self._wire.request(code, int(self._items[index]), int(self._seq[index]))
        sent = self._now()
        self._sent[index] = sent
        self._outcome[index] = Outcome.PENDING
        self._touch(index)
        exchange = Exchange(request, partial(self._ended, index, code, landed))
        self._client.send(exchange, self._spec.timeouts[code])
        return sent

    async def close(self) -> None:
        """Leave what is in flight pending."""
        await self._client.close()

    def _ended(
        self, index: int, code: int, landed: Landed, exchange: Exchange, error: Exception | None
    ) -> None:
        done = self._now()
        self._status[index] = exchange.status
        outcome = self._outcome_of(index, code, exchange) if error is None else outcomes.of_error(error)
        if outcome is None:
            landed(LoadError(f"load: a request could not be sent: {error!r}"))
            return
        if done - float(self._sent[index]) > self._spec.timeouts[code]:
            outcome = Outcome.TIMEOUT
        self._done[index] = done
        self._outcome[index] = outcome
        self._touch(index)
        if outcome is Outcome.GOOD and self._answers is not None:
            self._answers.see(code, done, exchange.type, exchange.body)
        landed(None)

    def _outcome_of(self, index: int, code: int, exchange: Exchange) -> Outcome:
        route, seq = self._spec.routes[code], int(self._seq[index])
        key = self._spec.ledger_base + seq
        return outcomes.of_answer(route, key, exchange.status, exchange.body)
