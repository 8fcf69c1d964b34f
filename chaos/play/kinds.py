"""Which of the three kinds of play a file is: the one place that tells them apart by what they do."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from chaos.play.backup_check import BackupCheck
from chaos.play.experiment import OneExperiment
from chaos.play.playable import Playable
from chaos.play.suite import WholeSuite
from chaos.spec import kind, yamlfile
from chaos.spec.kind import Kind

KINDS: Mapping[Kind, type[Playable]] = {
    Kind.EXPERIMENT: OneExperiment,
    Kind.SUITE: WholeSuite,
    Kind.RESTORE: BackupCheck,
}


def find(name: str) -> Playable:
    """By the experiment's name, or a path to its file. Raises UsageError where there is none, or FileError."""
    return of_file(yamlfile.search(name, "experiments"))


def of_file(path: Path) -> Playable:
    """Raises FileError for what cannot be read."""
    return KINDS[kind.of_file(path)](path)
