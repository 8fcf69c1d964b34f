"""A proxy that once swallows the answer to a COMMIT: the client cannot know that the server did it."""

from __future__ import annotations

import select
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from tests.accepting import accepting


class DeafProxy:
    """Forwards to PostgreSQL; `armed`, it cuts the next connection that commits, once the server has."""

    def __init__(self, upstream: int) -> None:
        self._upstream = upstream
        self.port = 0  # while it listens
        self.armed = threading.Event()
        self.swallowed = threading.Event()

    def forward(self, client: socket.socket) -> None:
        """All of one connection."""
        with socket.create_connection(("127.0.0.1", self._upstream)) as server:
            while True:
                readable, _, _ = select.select([client, server], [], [])
                if client in readable:
                    asked = client.recv(65536)
                    if not asked:
                        return
                    server.sendall(asked)
                    if b"COMMIT" in asked and self.armed.is_set():
                        self.armed.clear()
                        server.recv(65536)
                        self.swallowed.set()
                        return
                if server in readable:
                    answered = server.recv(65536)
                    if not answered:
                        return
                    client.sendall(answered)


@contextmanager
def deaf_proxy(upstream: int) -> Iterator[DeafProxy]:
    """A proxy that listens until the block ends."""
    proxy = DeafProxy(upstream)
    with accepting(proxy.forward) as proxy.port:
        yield proxy
