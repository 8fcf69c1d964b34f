"""Why an exchange ended without a complete answer."""

from __future__ import annotations

import errno

_OURS = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM, errno.EADDRNOTAVAIL})

_WORDS = {errno.ECONNREFUSED: "refused", errno.ECONNRESET: "reset"}


class ConnectFailed(OSError):
    """No connection: refused, host unreachable, or TLS not trusted."""


class Disconnected(ConnectionError):
    """The connection ended before the answer did; `errno` is the system's, or None."""


class Malformed(Exception):
    """The bytes received are not HTTP."""


def is_ours(error: Exception) -> bool:
    """True if midnight itself ran out of something, such as descriptors or ports: not the target's fault."""
    return isinstance(error, OSError) and error.errno in _OURS


def reason_of(error: Exception) -> str:
    """Why an exchange ended, in a few words: `refused`, `closed before the answer was complete`."""
    if isinstance(error, TimeoutError):
        return ""
    if isinstance(error, OSError):
        return _WORDS.get(error.errno or 0) or error.strerror or "without a reason"
    return str(error) or type(error).__name__
