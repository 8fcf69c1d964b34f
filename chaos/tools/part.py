"""The doctor's view of a part."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from chaos.errors import ToolMissing


@dataclass(frozen=True, slots=True)
class Found:
    """A usable part: its version, its location, and the source it came from."""

    part: str
    version: str
    where: str
    source: str


@dataclass(frozen=True, slots=True)
class Missing:
    """An unusable part: why, and the remedy."""

    part: str
    because: str
    remedy: str

    def error(self) -> ToolMissing:
        return ToolMissing(self.part, self.because, self.remedy)


class Part(Protocol):
    """A module of this package: one part and how to find it."""

    @property
    def NAME(self) -> str: ...

    @property
    def REQUIRED(self) -> bool:
        """True if nothing can be played without it."""

    def find(self) -> Found | Missing:
        """Look; change nothing."""


@runtime_checkable
class Gettable(Part, Protocol):
    """A part that can be fetched if missing."""

    def get(self) -> Found:
        """Get it from any source available here; quick if it exists already. Raises ToolMissing."""
