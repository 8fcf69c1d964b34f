"""What an answer, or the error instead of one, says of a hit."""

from __future__ import annotations

import errno
import json

from chaos.hits import Outcome
from chaos.load.client import ConnectFailed
from chaos.load.connection import Malformed
from chaos.target import Route

_OURS = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM, errno.EADDRNOTAVAIL})


def of_answer(route: Route, seq: int, status: int, body: bytes) -> Outcome:
    """The outcome of a whole answer; a write's must be JSON that repeats the sequence number."""
    expected = status in route.expect if route.expect else 200 <= status < 300
    if not expected:
        return Outcome.BAD_STATUS
    if route.ledger and not _repeats(body, seq):
        return Outcome.BAD_BODY
    return Outcome.GOOD


def of_error(error: Exception) -> Outcome | None:
    """The outcome of a request that got no whole answer; None when the fault is our own, not the target's."""
    if isinstance(error, OSError) and error.errno in _OURS:
        return None
    if isinstance(error, TimeoutError):
        return Outcome.TIMEOUT
    if isinstance(error, ConnectFailed):
        return Outcome.RESET if error.errno == errno.ECONNRESET else Outcome.REFUSED
    if isinstance(error, ConnectionError):
        return Outcome.RESET
    if isinstance(error, Malformed):
        return Outcome.BAD_BODY
    return None


def _repeats(body: bytes, seq: int) -> bool:
    try:
        answer = json.loads(body)
    except ValueError:
        return False
    return isinstance(answer, dict) and answer.get("seq") == seq
