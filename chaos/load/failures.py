"""Why an exchange ended without a whole answer."""

from __future__ import annotations

import errno

_OURS = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM, errno.EADDRNOTAVAIL})


class ConnectFailed(OSError):
    """There is no connection: it was refused, the host was out of reach, or its TLS is not to be trusted."""


class Disconnected(ConnectionError):
    """The connection ended before the answer did; `errno` is the system's, or None."""


class Malformed(Exception):
    """What came is not HTTP."""


def is_ours(error: Exception) -> bool:
    """Whether we lacked something on our own side, such as descriptors or ports: no fault of the target's."""
    return isinstance(error, OSError) and error.errno in _OURS
