"""The kind of a file of `experiments/`, or of its record in `run.json`."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Any

from chaos.spec import yamlfile
from chaos.spec.keys import FOREIGN
from chaos.spec.near import nearest


class Kind(Enum):
    EXPERIMENT = "experiment"  # a load and steps
    SUITE = "suite"  # scenarios, each an experiment
    RESTORE = "backup check"  # a backup is restored, nothing is played


def of_document(document: Any) -> Kind:
    """Decide by keys; anything that is neither a suite nor a restore is an experiment."""
    if isinstance(document, dict) and "restore" in document and "load" not in document:
        return Kind.RESTORE
    return Kind.SUITE if isinstance(document, dict) and _lists_scenarios(document) else Kind.EXPERIMENT


def _lists_scenarios(document: dict[Any, Any]) -> bool:
    """Also under a key that is misspelt or of another tool: it is then refused with the right one."""
    if "load" in document or "scenarios" in document:
        return "scenarios" in document
    return any(
        nearest(str(key), ("scenarios",), 0.8) or "scenarios" in FOREIGN.get(str(key), ()) for key in document
    )


def of_file(path: Path) -> Kind:
    """Raises FileError if the file cannot be read."""
    return of_document(yamlfile.read_mapping(path))
