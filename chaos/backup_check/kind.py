"""What restoring a kind of backup consists of."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from chaos.backup_check.scratch import Scratch
from chaos.backup_check.source import Source
from chaos.backup_check.verified import Verified
from chaos.errors import NoVerdict, TargetError
from chaos.postgres import Installation
from chaos.record.event import Recorded
from chaos.record.events import BackupDescribed, RestoresMeasured
from chaos.targets.backup.options import BackupOptions

__all__ = ["Ended", "Kind", "Lacking", "Outlasted", "Restoration", "Verified"]

Ended = Callable[[Recorded], None]  # a span of the restore has ended, NOW


class Lacking(NoVerdict):
    """What this machine or this PostgreSQL lacks, with what to install: it says nothing about the backup."""


class Outlasted(TargetError):
    """It was not restored in the time given, and was ended: it is not known whether it can be."""


@dataclass(frozen=True, slots=True)
class Restoration:
    """A restore that succeeded: `seconds` from its begin until queries were answered.

    `points` are what a projection is made from.
    """

    seconds: float
    bytes: int
    points: RestoresMeasured | None = None


class Kind(ABC):
    """One kind of backup. It reads the source, and writes below the scratch directory alone."""

    workers = 0  # background workers that the scratch server may have

    def __init__(self, options: BackupOptions, source: Source, mark: str) -> None:
        """`mark` is borne by what looks into the backup before the run has one."""
        self.options, self.source, self.mark = options, source, mark

    @property
    def superuser(self) -> str:
        """Of the scratch cluster."""
        return self.options.superuser

    @property
    def expected(self) -> int:
        """Bytes that the restored data will take, roughly."""
        return self.source.expected

    @property
    def visible(self) -> list[Path]:
        """What the scratch server itself must read, beside the scratch directory."""
        return []

    @abstractmethod
    def installations(self) -> list[Installation]:
        """Those that may restore it, the best first, with all other programs that it takes. Raises ToolMissing."""

    @abstractmethod
    def describe(self, scratch: Scratch) -> BackupDescribed:
        """What the backup tells of itself. Raises BackupUnusable."""

    @abstractmethod
    def restore(self, scratch: Scratch, within: float, ended: Ended) -> Restoration:
        """Restore it, until the scratch cluster answers queries.

        Raises BackupUnusable, TargetError, Outlasted, or Lacking: then another PostgreSQL may do.
        """

    @abstractmethod
    def verify(self, scratch: Scratch) -> Verified:
        """Hold its files against what it says they must be."""

    @abstractmethod
    def evidence(self) -> list[Path]:
        """The files whose SHA-256 names this backup and no other."""
