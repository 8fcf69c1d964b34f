"""A scratch directory of one run, created with its owner's name in it and removed only if that matches."""

from __future__ import annotations

import shutil
from contextlib import suppress
from pathlib import Path

from chaos.errors import UndoError
from chaos.plugin.fault import Evidence


def remove(path: Path, owner: str) -> Evidence:
    """Remove the directory if it contains a file named `owner`, or is still empty. Raises UndoError."""
    with suppress(OSError):
        path.rmdir()  # empty: created, but not yet labelled
    if path.is_dir() and not (path / owner).exists():
        return {"removed": None, "because": f"{path} was created by someone else"}
    if any(entry.is_mount() for entry in path.glob("*")):
        raise UndoError(f"{path} still has a volume mounted below it; nothing was deleted")
    try:
        if path.is_dir():
            _empty(path, spare=owner)  # removed last: if interrupted, the rest is still recognised
            shutil.rmtree(path)
    except OSError as error:
        raise UndoError(f"{path} could not be removed: {error}; by hand: rm -r {path}") from error
    return {"removed": str(path)}


def _empty(directory: Path, spare: str) -> None:
    for entry in directory.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        elif entry.name != spare:
            entry.unlink()
