"""Find a file of `experiments/` and the use case that plays it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from chaos.play.backup_check import BackupCheck
from chaos.play.experiment import OneExperiment
from chaos.play.playable import Playable
from chaos.play.suite import WholeSuite
from chaos.spec import kind, named_files
from chaos.spec.kind import Kind

KINDS: Mapping[Kind, type[Playable]] = {
    Kind.EXPERIMENT: OneExperiment,
    Kind.SUITE: WholeSuite,
    Kind.RESTORE: BackupCheck,
}


def find(name: str) -> Playable:
    """Find it by name or path. Raises UsageError if there is none, FileError if it cannot be read."""
    return of_file(named_files.search(name, "experiments"))


def of_file(path: Path) -> Playable:
    """Raises FileError if the file cannot be read."""
    return KINDS[kind.of_file(path)](path)
