"""What a container has written to its standard output and error, as its engine keeps it."""

from __future__ import annotations

import math
from collections.abc import Iterator

from chaos.engine import refs
from chaos.engine.client import connected
from chaos.errors import ControlError
from chaos.plugin.handles import ContainerRef

_TIMEOUT = 60.0  # seconds without a byte


def since(ref: ContainerRef, at: float) -> Iterator[bytes]:
    """Yield it from an instant on, in seconds since the epoch; each line begins with its own, in UTC.

    Raises ControlError, also for a log driver that cannot be read, and ToolMissing.
    """
    with connected(ref.engine, timeout=_TIMEOUT) as client:
        container = refs.container_of(client, ref)
        if container is None:
            raise ControlError("it has been removed")
        yield from container.logs(stream=True, follow=False, timestamps=True, since=math.floor(at))
