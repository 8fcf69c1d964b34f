"""One request and its answer, from sending to end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection

_TICK = 0.001
"""Seconds: the granularity of the loop's timers, which must not fire early."""


class Exchange:
    """Ends once: with a complete answer or an error. `status` is 0 until an answer's head has arrived; `type` is its
    declared content type, and `first_byte` when its first byte arrived (time.monotonic()). `headers` are those of its
    fields that are `wanted`, names in lower case. With `enough`, the client leaves once it has read that many bytes
    of the body; `left` says whether it did, before the answer was complete.
    """

    __slots__ = (
        "_ended",
        "_stop",
        "_timer",
        "body",
        "enough",
        "first_byte",
        "headers",
        "left",
        "request",
        "status",
        "type",
        "wanted",
    )

    def __init__(
        self,
        request: bytes,
        ended: Callable[[Exchange, Exception | None], None],
        *,
        wanted: Collection[bytes] | None = (),
        enough: int | None = None,
    ) -> None:
        """`ended` is called with the error if no complete answer came. `wanted`: names of header fields in lower case;
        None: all."""
        self.request, self.enough, self.left = request, enough, False
        self.wanted = wanted
        self.headers: list[tuple[bytes, bytes]] = []
        self.first_byte = 0.0
        self.status = 0
        self.body = self.type = b""
        self._ended: Callable[[Exchange, Exception | None], None] | None = ended
        self._stop: Callable[[], object] | None = None
        self._timer: asyncio.TimerHandle | None = None

    def expire_after(self, seconds: float) -> None:
        """End with TimeoutError unless it has ended by then."""
        self._timer = asyncio.get_running_loop().call_later(seconds + _TICK, self._expire)

    def carried(self, stop: Callable[[], object]) -> None:
        """Register work in progress on it; `stop` ends that work."""
        self._stop = stop

    def end(self, error: Exception | None) -> None:
        """End it: later calls are ignored."""
        ended = self._ended
        self.forget()
        if ended is not None:
            ended(self, error)

    def forget(self) -> None:
        """End it silently, and drop all references: the garbage collector is off during the play."""
        if self._timer is not None:
            self._timer.cancel()
        self._ended = self._stop = self._timer = None

    def _expire(self) -> None:
        stop = self._stop
        self.end(TimeoutError())  # before its work is stopped, which clears it
        if stop is not None:
            stop()
