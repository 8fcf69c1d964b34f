"""The interface of a kind of backup and its restore."""

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
    """Something missing on this machine or in this PostgreSQL, with the remedy; no evidence about the backup."""


class Outlasted(TargetError):
    """The restore ran out of time and was ended: it is unknown whether it would succeed."""


@dataclass(frozen=True, slots=True)
class Restoration:
    """A successful restore: `seconds` from its start until queries were answered.

    `points` are what a projection is made from.
    """

    seconds: float
    bytes: int
    points: RestoresMeasured | None = None


class Kind(ABC):
    """One kind of backup. It reads the source and writes only below the scratch directory."""

    workers = 0  # background workers that the scratch server may have

    def __init__(self, options: BackupOptions, source: Source, mark: str) -> None:
        """Programs that inspect the backup before the run has a mark carry `mark`."""
        self.options, self.source, self.mark = options, source, mark

    @property
    def superuser(self) -> str:
        """Of the scratch cluster."""
        return self.options.superuser

    @property
    def expected(self) -> int:
        """Approximate bytes of the restored data."""
        return self.source.expected

    @property
    def visible(self) -> list[Path]:
        """Paths that the scratch server must read besides the scratch directory."""
        return []

    @abstractmethod
    def installations(self) -> list[Installation]:
        """Installations that may restore it, best first, with all other programs needed. Raises ToolMissing."""

    @abstractmethod
    def describe(self, scratch: Scratch) -> BackupDescribed:
        """The backup's own metadata. Raises BackupUnusable."""

    @abstractmethod
    def restore(self, scratch: Scratch, within: float, ended: Ended) -> Restoration:
        """Restore it, until the scratch cluster answers queries.

        Raises BackupUnusable, TargetError, Outlasted, or Lacking: then another PostgreSQL may do.
        """

    @abstractmethod
    def verify(self, scratch: Scratch) -> Verified:
        """Check its files against its own checksums."""

    @abstractmethod
    def evidence(self) -> list[Path]:
        """The files whose SHA-256 uniquely identifies this backup."""
