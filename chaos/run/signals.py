"""Signals that stop a run, and their temporary handlers."""

from __future__ import annotations

import signal
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from types import FrameType

Handler = Callable[[int, FrameType | None], object] | signal.Handlers


def signals() -> tuple[signal.Signals, ...]:
    """Ctrl-C, `kill`, and a closed terminal, except under `nohup`."""
    outlives = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    return (signal.SIGINT, signal.SIGTERM, *(() if outlives else (signal.SIGHUP,)))


@contextmanager
def kept() -> Iterator[None]:
    """Restore the handlers: a run ends with signals ignored, and between runs they must work again."""
    before = {number: signal.getsignal(number) for number in signals()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def heard_by(handler: Handler, numbers: Collection[signal.Signals]) -> Iterator[None]:
    """Route these signals to `handler` within the block; restore the previous handlers afterwards."""
    before = {number: signal.signal(number, handler) for number in numbers}
    try:
        yield
    finally:
        for number, former in before.items():
            signal.signal(number, former)
