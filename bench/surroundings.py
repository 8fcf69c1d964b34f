"""Where a bench was made: the figures of two machines are not comparable, their ratios nearly are."""

from __future__ import annotations

import os
import platform
from datetime import UTC, datetime

from bench.peers.found import Peers
from chaos.load.priority import raise_priority


def told(peers: Peers) -> str:
    """A few lines: day, CPUs, kernel, Python, the priority that the load process may have."""
    parts = [
        f"{datetime.now(UTC):%Y-%m-%d}",
        f"{os.cpu_count()} CPUs",
        f"Linux {platform.release().split('-')[0]}",
        f"Python {platform.python_version()}",
        f"priority of the load process: {_permitted()}",
    ]
    lines = [f"Measured on {', '.join(parts)}."]
    lines += [f"Missing: {name} ({because})." for name, because in peers.missing.items()]
    return "\n".join(lines)


def _permitted() -> str:
    """What the load process may take here, found out in a child: it cannot be given back."""
    reading, writing = os.pipe()
    if (child := os.fork()) == 0:
        os.write(writing, raise_priority().encode())
        os._exit(0)
    os.waitpid(child, 0)
    os.close(writing)
    with os.fdopen(reading) as answer:
        return answer.read()
