"""Find target files by name; `compose:PROJECT` is the file of that Compose project."""

from __future__ import annotations

from pathlib import Path

from chaos.errors import UsageError
from chaos.spec import named_files, yamlfile

COMPOSE = "compose:"


def search(name: str) -> Path:
    """Find the target's file. Raises UsageError with the known ones."""
    if not name.startswith(COMPOSE):
        return named_files.search(name, "targets")
    found = find_project(name)
    if found is None:
        rule = f"no file in targets/ has driver: compose and project: {name.removeprefix(COMPOSE)}"
        raise UsageError(f"{rule}; `midnight target inspect {name}` prints a draft")
    return found


def find_project(name: str) -> Path | None:
    """Find a Compose project's file, by `compose:PROJECT` or the file's name; None if there is none."""
    if not name.startswith(COMPOSE):
        return named_files.search(name, "targets")
    project = name.removeprefix(COMPOSE)
    for path in named_files.available("targets").values():
        document = yamlfile.read_mapping(path)
        options = document.get("options")
        if (
            document.get("driver") == "compose"
            and isinstance(options, dict)
            and options.get("project") == project
        ):
            return path
    return None
