"""A signal that ends a run: it interrupts the current work once, and never the undo."""

from __future__ import annotations

import signal
from types import FrameType, TracebackType
from typing import Any, Self

from chaos.run.signals import signals


class Stopping:
    """Within it, the first of `stopping.signals` raises KeyboardInterrupt; later ones are ignored."""

    def __init__(self) -> None:
        self.by = ""  # the name of the signal received
        self._signals = signals()  # handlers from before
        self._before: dict[int, Any] = {}

    def over(self) -> None:
        """From now on, nothing is interrupted."""
        for number in self._signals:
            signal.signal(number, signal.SIG_IGN)

    def __enter__(self) -> Self:
        self._before = {number: signal.signal(number, self._stop) for number in self._signals}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        del kind, error, trace
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _stop(self, number: int, frame: FrameType | None) -> None:
        del frame
        self.over()
        self.by = signal.Signals(number).name
        raise KeyboardInterrupt
