"""What restoring a kind of backup consists of."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from chaos.postgres import Installation
from chaos.restore_mine.scratch import Scratch
from chaos.restore_mine.source import Source
from chaos.targets.backup.options import BackupOptions

Facts = dict[str, Any]
Ended = Callable[[str, Facts], None]  # a span has ended: its name, and its facts with `seconds` among them


@dataclass(frozen=True, slots=True)
class Restoration:
    """A restore that succeeded: `seconds` from its begin until queries were answered.

    `points` are what a projection is made from: as in the journal's event `measure restore ended`.
    """

    seconds: float
    bytes: int
    points: Facts = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Verified:
    """What was found of the backup's files: `faulty`, or `verified` by whom, or `not verified` and why."""

    outcome: str
    by: str
    facts: Facts = field(default_factory=dict)


class Kind(ABC):
    """One kind of backup. It reads the source, and writes below the scratch directory alone."""

    def __init__(self, options: BackupOptions, source: Source) -> None:
        self.options, self.source = options, source

    @property
    def superuser(self) -> str:
        """Of the scratch cluster."""
        return self.options.superuser

    @property
    def expected(self) -> int:
        """Bytes that the restored data will take, roughly."""
        return self.source.expected

    @abstractmethod
    def installation(self) -> Installation:
        """A PostgreSQL that can restore it, with all other programs that it takes. Raises ToolMissing."""

    @abstractmethod
    def describe(self, scratch: Scratch) -> Facts:
        """What the backup tells of itself. Raises BackupUnusable."""

    @abstractmethod
    def restore(self, scratch: Scratch, within: float, ended: Ended) -> Restoration:
        """Restore it, until the scratch cluster answers queries. Raises BackupUnusable, TargetError, NoVerdict."""

    @abstractmethod
    def verify(self, scratch: Scratch) -> Verified:
        """Hold its files against what it says they must be."""

    @abstractmethod
    def evidence(self) -> list[Path]:
        """The files whose SHA-256 names this backup and no other."""
