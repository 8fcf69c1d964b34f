"""Undo a volume and its limit, for every driver that creates them."""

from __future__ import annotations

from pathlib import Path

from chaos.errors import UndoError
from chaos.host import volume
from chaos.plugin.fault import Evidence, Undo


def remove(undo: Undo) -> Evidence:
    """Unmount `path`, and remove the disk or loop device of `file`. Raises UndoError."""
    volume.remove(Path(undo["file"]), Path(undo["path"]), undo["mark"])
    return {"unmounted": undo["path"]}


def lift_limit(undo: Undo) -> Evidence:
    """Lift the write limit of `file`. Raises UndoError."""
    try:
        return {"limit_lifted": volume.lift(Path(undo["file"]), undo["mark"])}
    except OSError as error:
        raise UndoError(f"the write limit of {undo['file']} could not be lifted: {error}") from error
