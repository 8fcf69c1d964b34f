"""Target files by name; `compose:PROJECT` is the file that names that Compose project."""

from __future__ import annotations

from pathlib import Path

from chaos.errors import UsageError
from chaos.spec import yamlfile

COMPOSE = "compose:"


def search(name: str) -> Path:
    """The target's file. Raises UsageError naming what there is."""
    if not name.startswith(COMPOSE):
        return yamlfile.search(name, "targets")
    found = find_project(name)
    if found is None:
        rule = f"no file in targets/ has driver: compose and project: {name.removeprefix(COMPOSE)}"
        raise UsageError(f"{rule}; `midnight target inspect {name}` prints a beginning of one")
    return found


def find_project(name: str) -> Path | None:
    """The file of a Compose project, by `compose:PROJECT` or by its own name; None when no file names it."""
    if not name.startswith(COMPOSE):
        return yamlfile.search(name, "targets")
    project = name.removeprefix(COMPOSE)
    for path in yamlfile.available("targets").values():
        document = yamlfile.read_mapping(path)
        options = document.get("options")
        if (
            document.get("driver") == "compose"
            and isinstance(options, dict)
            and options.get("project") == project
        ):
            return path
    return None
