"""Ports of 127.0.0.1 that nobody listens on."""

from __future__ import annotations

import socket

from chaos.errors import TargetError


class PortTaken(TargetError):
    """Somebody else took the port between choosing and listening: choose another and try again."""

    def __init__(self, port: int, what: str) -> None:
        self.port = port
        super().__init__(f"{what}: 127.0.0.1:{port} is already in use")


def free_port() -> int:
    """A TCP port of 127.0.0.1 that was free a moment ago. It is not reserved: callers retry on PortTaken."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
