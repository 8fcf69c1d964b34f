"""What the doctor knows of a part."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from chaos.errors import ToolMissing


@dataclass(frozen=True, slots=True)
class Found:
    """A part that can be used: its version, where it is, and which of its sources served it."""

    part: str
    version: str
    where: str
    source: str


@dataclass(frozen=True, slots=True)
class Missing:
    """A part that cannot be used, why, and what to do about it."""

    part: str
    because: str
    remedy: str

    def error(self) -> ToolMissing:
        return ToolMissing(self.part, self.because, self.remedy)


class Part(Protocol):
    """A module of this package: one part, and how it is found."""

    @property
    def NAME(self) -> str: ...

    @property
    def REQUIRED(self) -> bool:
        """Whether nothing can be played without it."""

    def find(self) -> Found | Missing:
        """Look, and change nothing."""


@runtime_checkable
class Gettable(Part, Protocol):
    """A part that can be had where it is missing."""

    def get(self) -> Found:
        """Have it, by whatever source can serve here; quick when it is there. Raises ToolMissing."""
