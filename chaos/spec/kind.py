"""Which kind of play a file of `experiments/` is, or the record of one in `run.json`."""

from __future__ import annotations

from enum import Enum, auto
from pathlib import Path
from typing import Any

from chaos.spec import yamlfile


class Kind(Enum):
    EXPERIMENT = auto()  # a load and steps
    SUITE = auto()  # scenarios, each an experiment
    RESTORE = auto()  # a backup is restored, and nothing is played


def of_document(document: Any) -> Kind:
    """By its keys; what is neither a suite nor a restore is checked as an experiment."""
    if isinstance(document, dict) and "restore" in document and "load" not in document:
        return Kind.RESTORE
    return Kind.SUITE if isinstance(document, dict) and "scenarios" in document else Kind.EXPERIMENT


def of_file(path: Path) -> Kind:
    """Raises FileError for what cannot be read."""
    return of_document(yamlfile.read_mapping(path))
