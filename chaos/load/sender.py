"""One request, sent once, and its row in the table of hits."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from chaos.errors import LoadError
from chaos.load import outcomes
from chaos.load.answers import Answers
from chaos.load.bad_answers import BadAnswers
from chaos.load.client import Client
from chaos.load.exchange import Exchange
from chaos.load.expectations import Answer, Bad, Expectation
from chaos.load.filling import Filling
from chaos.load.notes import Notes, promise_of
from chaos.load.recorder import Recorder
from chaos.load.spec import LoadSpec
from chaos.load.values import Row, Values
from chaos.load.wire import Wire
from chaos.record.hits import Outcome
from chaos.record.journal import Clock

Landed = Callable[[LoadError | None], None]


class Sender:
    """Sends the requests of one table, and fills in their rows. Raises FileError for a route's file of values."""

    def __init__(
        self,
        spec: LoadSpec,
        recorder: Recorder,
        client: Client,
        answers: Answers | None = None,
        notes: Notes | None = None,
        bad_answers: BadAnswers | None = None,
    ) -> None:
        self._spec, self._client, self._answers = spec, client, answers
        self._bad_answers = bad_answers
        self._wire = Wire(spec)
        self._now = Clock(spec.clock_zero).now
        table, self._touch = recorder.table, recorder.touch
        self._filling = Filling(spec, table)
        known = Values(spec.taken)
        self._expected = [Expectation(route.expect, known) for route in spec.routes]
        self._promises = [promise_of(route, known, notes) for route in spec.routes]
        self._headers = [
            expected.headers if promise is None else expected.headers | promise.headers
            for expected, promise in zip(self._expected, self._promises, strict=True)
        ]
        self._route, self._seq = table["route"], table["seq"]
        self._sent, self._done = table["sent"], table["done"]
        self._status, self._outcome = table["status"], table["outcome"]

    def send(self, index: int, landed: Landed) -> float:
        """Send the request of row `index` and return the time it was sent.

        `landed` is called once it has ended and its row is filled in; with a LoadError if midnight itself ran out of
        something, such as descriptors.
        """
        code = int(self._route[index])
        row = self._filling.row(index, code)
        request = self._wire.request(code, row)
        sent = self._now()
        self._sent[index] = sent
        self._outcome[index] = Outcome.PENDING
        self._touch(index)
        ended = partial(self._ended, index, code, row, landed)
        enough = self._spec.routes[code].disconnect_after
        exchange = Exchange(request, ended, wanted=self._headers[code], enough=enough)
        self._client.send(exchange, self._spec.timeouts[code])
        return sent

    async def close(self) -> None:
        """Leave what is in flight pending."""
        await self._client.close()

    def _ended(
        self,
        index: int,
        code: int,
        row: Row | None,
        landed: Landed,
        exchange: Exchange,
        error: Exception | None,
    ) -> None:
        done = self._now()
        self._status[index] = exchange.status
        why: Exception | str | None = error
        if error is None:
            bad = self._broken(index, code, row, exchange)
            outcome: Outcome | None = Outcome.GOOD if bad is None else bad.outcome
            why = None if bad is None else bad.why
        else:
            outcome = outcomes.of_error(error)
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
        elif outcome is not Outcome.GOOD and self._bad_answers is not None:
            kind = (code, outcome, exchange.status)
            self._bad_answers.see(kind, done, why, exchange.type, exchange.body)
        landed(None)

    def _broken(self, index: int, code: int, row: Row | None, exchange: Exchange) -> Bad | None:
        """What is wrong with a complete answer."""
        waited = exchange.first_byte - self._spec.clock_zero - float(self._sent[index])
        answer = Answer(exchange.status, exchange.body, exchange.headers, waited)
        bad, promise = self._expected[code].broken(answer, row), self._promises[code]
        if bad is None and exchange.enough is not None and not exchange.left:
            bad = Bad(Outcome.BAD_SIZE, f"it ended after {len(exchange.body)} bytes, before the client left")
        return (
            bad if bad is not None or promise is None else promise.broken(int(self._seq[index]), answer, row)
        )
