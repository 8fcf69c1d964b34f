"""Count the engine's `oom` events of one container from now on, including those that the container survives."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from typing import Any

from chaos.engine.client import connected
from chaos.errors import MidnightError
from chaos.plugin.handles import ContainerRef


class OomEvents:
    """Listens in a thread of its own until it is stopped."""

    def __init__(self, ref: ContainerRef) -> None:
        self._ref, self._count = ref, 0
        self._stream: Any = None
        self._since = time.time_ns()
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def stop(self) -> int:
        """The count so far."""
        if self._stream is not None:
            with suppress(OSError, AttributeError, ValueError):
                self._stream.close()
        self._thread.join(2.0)
        return self._count

    def _listen(self) -> None:
        wanted = {"container": self._ref.id, "event": "oom"}
        with suppress(MidnightError, OSError, ValueError), connected(self._ref.engine) as client:
            # the engine takes whole seconds: an event in the first one may predate the start
            self._stream = client.events(since=self._since // 10**9, filters=wanted, decode=True)
            for told in self._stream:
                self._count += int(told.get("timeNano", self._since)) >= self._since
