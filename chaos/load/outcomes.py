"""The outcome of a hit without a complete answer."""

from __future__ import annotations

import errno

from chaos.load.failures import ConnectFailed, Malformed, is_ours
from chaos.record.hits import Outcome


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
