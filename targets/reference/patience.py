"""Bounded patience: a client-side deadline, and retries that fit within it."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from typing import TypeVar

import gevent

from . import metrics
from .failures import DeadlineExceeded
from .settings import Retries

T = TypeVar("T")


@contextmanager
def deadline(seconds: float | None, what: str) -> Iterator[Callable[[], bool]]:
    """End the block with DeadlineExceeded after `seconds`, wherever the greenlet waits in it; None: never.

    Yields a function that returns whether the deadline has passed.
    """
    if seconds is None:
        yield lambda: False
        return
    timeout = gevent.Timeout.start_new(seconds)
    try:
        yield lambda: not timeout.pending
    except (Exception, gevent.Timeout) as error:
        # A library that cleans up after the timeout may raise its own error instead.
        another = isinstance(error, gevent.Timeout) and error is not timeout
        if timeout.pending or another:
            raise
        raise DeadlineExceeded(what, f"no answer within {seconds:g} s") from None
    finally:
        timeout.close()


def retried(
    action: Callable[[], T],
    retries: Retries,
    what: str,
    passing: Callable[[BaseException], bool],
    too_late: Callable[[], bool],
) -> T:
    """The action's result; retried while its failure is transient, attempts are left, and it is not late."""
    for attempt in count(1):
        try:
            return action()
        except Exception as error:
            if attempt >= retries.attempts or too_late() or not passing(error):
                raise
        metrics.RETRIES.labels(what).inc()
        gevent.sleep(wait_after(attempt, retries))
    raise AssertionError("unreachable: the loop above has no end of its own")


def wait_after(attempt: int, retries: Retries) -> float:
    """Seconds to wait after the nth attempt: doubling up to the cap, the upper half of it random.

    The lower half is fixed, so that all attempts together reliably span a short loss of connections.
    """
    full = min(retries.cap, retries.base * 2.0 ** (attempt - 1))
    return full * random.uniform(0.5, 1.0)
