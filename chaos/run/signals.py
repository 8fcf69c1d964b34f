"""Which signals ask a run to stop, and who hears them for a while."""

from __future__ import annotations

import signal
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from types import FrameType

Handler = Callable[[int, FrameType | None], object] | signal.Handlers


def signals() -> tuple[signal.Signals, ...]:
    """Ctrl-C, `kill`, and a terminal that goes; not that one where we were begun to outlive it (`nohup`)."""
    outlives = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    return (signal.SIGINT, signal.SIGTERM, *(() if outlives else (signal.SIGHUP,)))


@contextmanager
def kept() -> Iterator[None]:
    """A run ends with signals ignored; between two runs they must work again."""
    before = {number: signal.getsignal(number) for number in signals()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def heard_by(handler: Handler, numbers: Collection[signal.Signals]) -> Iterator[None]:
    """Within, `handler` hears these signals; afterwards whoever heard them before."""
    before = {number: signal.signal(number, handler) for number in numbers}
    try:
        yield
    finally:
        for number, former in before.items():
            signal.signal(number, former)
