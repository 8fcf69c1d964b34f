"""A sampling source of a plug-in: gauges of a target, read four times a second."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar, Self

from chaos.plugin.handles import Handles


class SamplingSource(ABC):
    """Registered under `midnight.sources`. The journal has its gauges under the name that it is registered under.

    It is made and read in a thread of its own. If it raises, it is not read again, and the run goes on without it.
    """

    gauges: ClassVar[Mapping[str, str]]  # each that `read` may return, and its unit

    @classmethod
    @abstractmethod
    def of(cls, handles: Handles) -> Self | None:
        """A source for this target; None where it has nothing to sample."""

    @abstractmethod
    def read(self) -> Mapping[str, float]:
        """The gauges now; empty where they cannot be read. Must return within a second or so, by a timeout of its own:
        the run ends once the last read has returned."""

    def close(self) -> None:  # noqa: B027 (most sources hold nothing open)
        """Close what was opened."""
