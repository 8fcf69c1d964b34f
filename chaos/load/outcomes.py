"""The outcome of a hit, by its answer or error."""

from __future__ import annotations

import errno
import json

from chaos.load.failures import ConnectFailed, Malformed, is_ours
from chaos.record.hits import Outcome
from chaos.spec.routes import Route


def of_answer(route: Route, seq: int, status: int, body: bytes) -> Outcome:
    """The outcome of a complete answer; for a write, it must be JSON that repeats the sequence number."""
    expect = route.expect
    expected = status in expect.status if expect.status else 200 <= status < 300
    if not expected:
        return Outcome.BAD_STATUS
    if route.ledger and not _repeats(body, seq):
        return Outcome.BAD_BODY
    if any(text.encode() not in body for text in expect.contains):
        return Outcome.BAD_BODY
    if any(text.encode() in body for text in expect.lacks):
        return Outcome.BAD_BODY
    return Outcome.GOOD


def of_error(error: Exception) -> Outcome | None:
    """The outcome of a request without a complete answer; None if midnight is at fault, not the target."""
    if is_ours(error):
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
    except (ValueError, RecursionError):
        return False
    said = answer.get("seq") if isinstance(answer, dict) else None
    return said == seq and said is not True
