"""What the sampler asks of a source."""

from __future__ import annotations

from typing import Protocol

Gauges = dict[tuple[str, str], float]
"""(source, gauge) -> value."""


class Source(Protocol):
    def read(self) -> Gauges:
        """The gauges now; empty when the source does not answer. Never raises, and has its own deadline."""
        ...

    def close(self) -> None: ...
