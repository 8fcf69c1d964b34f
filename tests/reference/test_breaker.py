"""The breaker lets greenlets call at the same time, and counts only what is the dependency's fault."""

from __future__ import annotations

import gevent
import pytest
from gevent.event import Event

from targets.reference.breaker import Guard
from targets.reference.failures import Unavailable
from targets.reference.settings import Breaker


class Broken(Exception):
    """The dependency's fault."""


def fail() -> None:
    """The dependency fails."""
    raise Broken


def guard(reset_timeout: float = 60.0) -> Guard:
    """A breaker that opens after two failures in a row."""
    settings = Breaker(fail_max=2, reset_timeout=reset_timeout)
    return Guard("tested", settings, lambda error: isinstance(error, Broken))


def fail_twice(tested: Guard) -> None:
    """Open the breaker."""
    for _ in range(2):
        with pytest.raises(Broken):
            tested.call(fail)


def test_a_call_in_flight_does_not_hold_up_another() -> None:
    tested, answered = guard(), Event()
    waiting = gevent.spawn(tested.call, answered.wait)
    gevent.idle()
    assert tested.call(lambda: "at once") == "at once"
    answered.set()
    assert waiting.get(timeout=5)


def test_an_open_breaker_refuses_without_calling() -> None:
    tested = guard()
    fail_twice(tested)
    with pytest.raises(Unavailable, match="circuit breaker"):
        tested.call(lambda: pytest.fail("called"))


def test_errors_that_are_not_the_dependency_s_fault_do_not_open_it() -> None:
    tested = guard()
    known: dict[str, str] = {}
    for _ in range(5):
        with pytest.raises(KeyError):
            tested.call(lambda: known["the client's mistake"])
    assert tested.call(lambda: "still closed") == "still closed"


def test_half_open_one_trial_passes_and_its_success_closes() -> None:
    tested, answered = guard(reset_timeout=1e-6), Event()
    fail_twice(tested)
    trial = gevent.spawn(tested.call, answered.wait)
    gevent.idle()
    with pytest.raises(Unavailable, match="a trial is under way"):
        tested.call(lambda: pytest.fail("called"))
    answered.set()
    assert trial.get(timeout=5)
    assert tested.call(lambda: "closed") == "closed"
