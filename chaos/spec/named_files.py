"""Files that users name: by path, in the working directory's folder, or among the shipped ones."""

from __future__ import annotations

import logging
from pathlib import Path

import chaos
from chaos.errors import UsageError
from chaos.spec.near import UnknownName

log = logging.getLogger(__name__)


def search(name: str, folder: str) -> Path:
    """Find the file by `name`: as a path, in the working directory's folder, or among the shipped ones.

    Raises UsageError with the known names.
    """
    given = Path(name)
    if given.suffix in {".yaml", ".yml"}:
        if given.exists():
            return given
        where = "" if given.is_absolute() else f" in {Path.cwd()}"
        raise UsageError(f"{name}: no such file{where}")
    for place in folders(folder):
        there = (place / f"{name}.yaml").is_file()
        log.debug("%s: looked for %s in %s: %s", folder, name, place, "found" if there else "not there")
        if there:
            return place / f"{name}.yaml"
    raise UnknownName(f"no file {name!r} in {folder}/", name, sorted(available(folder)))


def folders(folder: str) -> list[Path]:
    """Return the search path of a kind of files, in order."""
    return [Path(folder), shipped(folder)]


def shipped(folder: str) -> Path:
    """Return the folder that ships: in the package of an installed copy, beside it in a checkout."""
    package = Path(chaos.__file__).parent
    installed = package / "shipped" / folder
    return installed if installed.is_dir() else package.parent / folder


def available(folder: str) -> dict[str, Path]:
    """Return all files of a kind by name; the working directory's win over the shipped ones."""
    found: dict[str, Path] = {}
    for place in folders(folder):
        for path in sorted(place.glob("*.yaml")):
            found.setdefault(path.stem, path)
    return found
