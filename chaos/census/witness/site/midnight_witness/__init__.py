"""A witness inside a Python process: on request, it writes down what the process holds, and where that came from.

At start: an audit hook, and a handler for one real-time signal. On the signal: one native thread, which takes a census
and writes it to a file. Runs on CPython 3.8 and newer with the standard library alone; never raises into the
application.
"""

from __future__ import annotations

import os
import signal
from _thread import allocate_lock, start_new_thread  # gevent replaces them later

from . import census, ledger

SIGNAL = 41  # SIGRTMIN+7 of glibc, SIGRTMIN+6 of musl: gunicorn and uvicorn reset only signals that they know


class _Turn:
    """One census at a time; a signal during one asks for another."""

    def __init__(self) -> None:
        self.pid = os.getpid()
        self.lock = allocate_lock()
        self.again = False


class _State:
    turn = _Turn()
    directory = ""


def start() -> None:
    """Listen, unless the application handles that signal itself."""
    if signal.getsignal(SIGNAL) != signal.SIG_DFL:
        return
    _State.directory = os.path.abspath(os.environ["MIDNIGHT_WITNESS_DIR"])
    signal.signal(SIGNAL, _asked)
    ledger.start()


def _asked(*_: object) -> None:
    """Runs in the main thread, between two instructions of the application."""
    try:
        if _State.turn.pid != os.getpid():  # forked, maybe during a census of the parent's
            _State.turn = _Turn()
        turn = _State.turn
        turn.again = True
        if turn.lock.acquire(False):
            try:
                start_new_thread(_answer, (turn,))
            except RuntimeError:  # no thread to be had
                turn.lock.release()
    except (RuntimeError, OSError):
        pass


def _answer(turn: _Turn) -> None:
    try:
        while turn.again:
            turn.again = False
            census.answer(_State.directory)
    finally:
        turn.lock.release()
