"""The kind of a file of `experiments/`, or of its record in `run.json`."""

from __future__ import annotations

from enum import Enum, auto
from pathlib import Path
from typing import Any

from chaos.spec import yamlfile


class Kind(Enum):
    EXPERIMENT = auto()  # a load and steps
    SUITE = auto()  # scenarios, each an experiment
    RESTORE = auto()  # a backup is restored, nothing is played


def of_document(document: Any) -> Kind:
    """Decide by keys; anything that is neither a suite nor a restore is an experiment."""
    if isinstance(document, dict) and "restore" in document and "load" not in document:
        return Kind.RESTORE
    return Kind.SUITE if isinstance(document, dict) and "scenarios" in document else Kind.EXPERIMENT


def of_file(path: Path) -> Kind:
    """Raises FileError if the file cannot be read."""
    return of_document(yamlfile.read_mapping(path))
