"""The open loop: every request goes out when it is due, regardless of earlier ones."""

from __future__ import annotations

import asyncio
import gc
import math
from typing import Any

import numpy as np

from chaos.errors import LoadError
from chaos.load.instrument import Instrument
from chaos.load.recorder import Recorder
from chaos.load.sender import Sender
from chaos.load.spec import LoadSpec
from chaos.load.timer import Timer
from chaos.record.journal import Clock

WAKING = 60e-6
"""Approximate seconds from a timer's due time until this code runs. It wakes that much earlier and busy-waits for the
rest: that halves the instrument's own share of a latency and costs next to nothing."""

REST = 10 * WAKING
"""Seconds. If the next request is due sooner than that, wake exactly when it is due: answers must not wait, and no
tenth of a CPU should be spent on waiting."""


class Generator:
    """Plays one table of hits, once. It pauses where the specification says so: `paused` is set once each request
    before the pause has ended, at its own timeout at the latest.
    """

    def __init__(self, spec: LoadSpec, recorder: Recorder, sender: Sender) -> None:
        self._spec, self._recorder, self._sender = spec, recorder, sender
        self._clock = Clock(spec.clock_zero)
        self._due = np.empty(0)
        self._next = 0
        self._wake = 0.0
        self._in_flight = 0
        self.paused, self.resumed = asyncio.Event(), asyncio.Event()

    async def play(self, zero: float) -> int:
        """Send every request at its due time, wait for the last answer; returns how many were sent.

        `zero` is the run clock's time of the schedule's zero. Raises LoadError on a failure of midnight's own.
        """
        table = self._recorder.table
        table["due"] += zero
        self._due = np.array(table["due"])
        self._stops = [*self._spec.pauses, len(self._due)]
        self._until = self._stops.pop(0)
        self._loop = asyncio.get_running_loop()
        self._ended: asyncio.Future[None] = self._loop.create_future()
        self._instrument = Instrument(self._spec.instrument, min(zero, self._clock.now()))
        self._recorder.also(self._instrument.flush)
        self._recorder.start()
        self._timer = Timer()
        self._loop.set_exception_handler(self._on_bug)
        self._loop.add_reader(self._timer.fd, self._on_timer)
        _quiet_collector()
        self._arm()
        try:
            await self._ended
        finally:
            self._loop.remove_reader(self._timer.fd)
            self._timer.close()
            await self._sender.close()
            try:
                self._recorder.finish()
            finally:
                self._instrument.finish(self._clock.now())
        return self._next

    def resume(self, delay: float) -> None:
        """Play on after a pause, the rest `delay` seconds later than planned until now."""
        self.paused.clear()
        self.resumed.set()
        first, self._until = self._until, self._stops.pop(0)
        self._due[first:] += delay
        self._recorder.table["due"][first:] += delay
        if first < len(self._due):
            self._recorder.touch(first)
            self._recorder.touch(len(self._due) - 1)
        self._arm()

    def _on_timer(self) -> None:
        """Send what is due. It is on the wire when this returns: everything else can wait until then.

        `_go_on` runs before the loop looks at the timer again.
        """
        while (woken := self._clock.now()) < self._wake:
            pass
        while self._next < self._until and self._due[self._next] <= woken:
            self._next += 1
            self._launch(self._next - 1)
        self._loop.call_soon(self._go_on, woken)

    def _go_on(self, woken: float) -> None:
        if self._ended.done():
            return
        self._timer.clear()
        self._instrument.observe(self._wake, woken)
        if self._next == self._until and not self._in_flight:
            if not self._stops:
                self._end(None)
                return
            self.resumed.clear()
            self.paused.set()
        self._arm()

    def _arm(self) -> None:
        due = float(self._due[self._next]) if self._next < self._until else math.inf
        now = self._clock.now()
        self._wake = max(min(due, now + self._spec.beat), now)
        early = WAKING if self._wake - now > REST else 0.0
        self._timer.arm(self._spec.clock_zero + self._wake - early)

    def _launch(self, index: int) -> None:
        self._in_flight += 1
        sent = self._sender.send(index, self._landed)
        self._instrument.observe(float(self._due[index]), sent)

    def _landed(self, error: LoadError | None) -> None:
        self._in_flight -= 1
        if error is not None:
            self._end(error)

    def _on_bug(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """An exception in a callback would go unnoticed, and its waiter would wait forever."""
        loop.default_exception_handler(context)
        error = context.get("exception")
        # An unsolicited error of a connection: its exchange gets it.
        if not (isinstance(error, OSError) and "future" in context):
            self._end(error or LoadError(f"load: {context['message']}"))

    def _end(self, error: BaseException | None) -> None:
        if self._ended.done():
            return
        if error is None:
            self._ended.set_result(None)
        else:
            self._ended.set_exception(error)


def _quiet_collector() -> None:
    """No garbage collection during the play: on a loaded machine its pauses add a tail of 18 ms."""
    gc.collect()
    gc.freeze()
    gc.disable()
