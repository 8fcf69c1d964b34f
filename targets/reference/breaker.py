"""A circuit breaker for greenlets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import pybreaker

from . import metrics
from .failures import Unavailable
from .settings import Breaker

T = TypeVar("T")

STATE_NUMBERS = {pybreaker.STATE_CLOSED: 0, pybreaker.STATE_HALF_OPEN: 1, pybreaker.STATE_OPEN: 2}


class StateGauge(pybreaker.CircuitBreakerListener):
    """Publishes every change of state."""

    def state_change(
        self,
        cb: pybreaker.CircuitBreaker,
        old_state: pybreaker.CircuitBreakerState | None,  # noqa: ARG002  the library's signature
        new_state: pybreaker.CircuitBreakerState,
    ) -> None:
        """Set the gauge of this breaker."""
        metrics.BREAKER_STATE.labels(cb.name).set(STATE_NUMBERS[new_state.name])


class ConcurrentBreaker(pybreaker.CircuitBreaker):
    """pybreaker without its lock around the call, which would serialise all requests.

    The library's changes of state never yield to another greenlet, so they need no lock here. When half open, one
    trial passes and all others are refused.
    """

    _trial = False

    def call(self, func: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        """The function's result. Raises CircuitBreakerError if it is not called."""
        state = self.state
        if state.name != pybreaker.STATE_HALF_OPEN:
            return state.call(func, *args, **kwargs)
        if self._trial:
            raise pybreaker.CircuitBreakerError("a trial is under way")
        self._trial = True
        try:
            return state.call(func, *args, **kwargs)
        finally:
            self._trial = False


class Guard:
    """Calls to one dependency, through a breaker if one is set."""

    def __init__(
        self, what: str, settings: Breaker | None, is_failure: Callable[[BaseException], bool]
    ) -> None:
        self.what = what
        self._breaker: ConcurrentBreaker | None = None
        metrics.BREAKER_STATE.labels(what).set(0)
        if settings is not None:
            self._breaker = ConcurrentBreaker(
                fail_max=settings.fail_max,
                reset_timeout=settings.reset_timeout,
                exclude=[lambda error: not is_failure(error)],
                listeners=[StateGauge()],
                name=what,
                throw_new_error_on_trip=False,
            )

    def call(self, action: Callable[[], T]) -> T:
        """The action's result. Raises Unavailable, without calling it, while the breaker is open."""
        if self._breaker is None:
            return action()
        try:
            return self._breaker.call(action)
        except pybreaker.CircuitBreakerError as error:
            raise Unavailable(self.what, f"circuit breaker: {error}") from None
