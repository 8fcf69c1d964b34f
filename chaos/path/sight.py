"""Read sockets in this machine's own network namespace or inside a container's."""

from __future__ import annotations

import json
import os
import select
import time
from collections.abc import Collection
from typing import Protocol

from chaos.engine import sidecar
from chaos.errors import ControlError
from chaos.host import sockets
from chaos.host.sockets import Socket
from chaos.plugin.handles import ContainerRef

ANSWERS_WITHIN = 15.0  # seconds, of a sidecar: its first answer takes as long as Python's start


class Unseen(Exception):
    """The connections cannot be seen; the text says why and how to make them visible."""


class Sight(Protocol):
    """Reads the sockets of one network namespace. Not thread safe."""

    def look(self, ports: Collection[int] = ()) -> list[Socket]:
        """The TCP sockets on these ports, or all of them. Raises Unseen."""

    def close(self) -> None: ...


class Here:
    """Of this process's own network namespace."""

    def look(self, ports: Collection[int] = ()) -> list[Socket]:
        try:
            return sockets.table(ports)
        except sockets.Unreadable as error:
            raise Unseen(f"this kernel shows no sockets ({error})") from error

    def close(self) -> None:
        """Nothing to close."""


class Inside:
    """Of a container's network namespace, by a sidecar that ends on `close` or with this process."""

    def __init__(self, container: ContainerRef, mark: str) -> None:
        """Raises Unseen. The sidecar carries `mark`."""
        self._container, self._mark = container, mark
        try:
            self._program = sidecar.start(container, "chaos.host.sockets", mark, inside=True)
        except ControlError as error:
            raise Unseen(f"the network of container {container.name} cannot be inspected: {error}") from error

    def look(self, ports: Collection[int] = ()) -> list[Socket]:
        try:
            self._program.stdin.write(json.dumps(sorted(ports)).encode() + b"\n")
            said = json.loads(self._line(time.monotonic() + ANSWERS_WITHIN))
        except (OSError, ValueError) as error:
            raise Unseen(f"the sidecar in the network of {self._container.name} does not answer") from error
        if isinstance(said, dict):
            raise Unseen(f"the kernel of {self._container.name} shows no sockets ({said['unreadable']})")
        return [Socket(*each) for each in said]

    def close(self) -> None:
        """When this returns, the sidecar is gone, or its engine is."""
        self._program.stdin.close()
        self._program.close()
        sidecar.await_removed(self._container.engine, self._mark)

    def _line(self, end: float) -> bytes:
        file, line = self._program.stdout.fileno(), bytearray()
        while not line.endswith(b"\n"):
            ready, _, _ = select.select([file], [], [], max(0.0, end - time.monotonic()))
            if not ready or not (chunk := os.read(file, 1 << 16)):
                break
            line += chunk
        return bytes(line)
