"""Why an exchange ended without a complete answer."""

from __future__ import annotations

import errno

_OURS = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM, errno.EADDRNOTAVAIL})


class ConnectFailed(OSError):
    """No connection: refused, host unreachable, or TLS not trusted."""


class Disconnected(ConnectionError):
    """The connection ended before the answer did; `errno` is the system's, or None."""


class Malformed(Exception):
    """The bytes received are not HTTP."""


def is_ours(error: Exception) -> bool:
    """True if midnight itself ran out of something, such as descriptors or ports: not the target's fault."""
    return isinstance(error, OSError) and error.errno in _OURS
