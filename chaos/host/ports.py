"""Free ports of 127.0.0.1."""

from __future__ import annotations

import random
import socket
from pathlib import Path

from chaos.errors import TargetError


class PortTaken(TargetError):
    """Another process took the port between choosing and listening: choose another and retry."""

    def __init__(self, port: int, what: str) -> None:
        self.port = port
        super().__init__(f"{what}: 127.0.0.1:{port} is already in use")


EPHEMERAL = Path("/proc/sys/net/ipv4/ip_local_port_range")
LOWEST, HIGHEST = 10240, 65535
ATTEMPTS = 200


def free_port() -> int:
    """A TCP port of 127.0.0.1 that was free a moment ago. It is not reserved: callers retry on PortTaken.

    The kernel does not assign it to an outgoing connection meanwhile, unless every port is in that range.
    """
    choice = _listening_ports()
    for port in random.sample(choice, min(ATTEMPTS, len(choice))):
        if _bound(port):
            return port
    return _bound(0)


def _listening_ports() -> list[int]:
    """The ports outside the ephemeral range of outgoing connections."""
    first, last = (int(word) for word in EPHEMERAL.read_text().split())
    return [*range(LOWEST, first), *range(max(last + 1, LOWEST), HIGHEST + 1)]


def _bound(port: int) -> int:
    """The port after binding to it (0: any), released immediately; 0 if it is taken."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
        try:
            listener.bind(("127.0.0.1", port))
        except OSError:
            return 0
        bound: int = listener.getsockname()[1]
        return bound
