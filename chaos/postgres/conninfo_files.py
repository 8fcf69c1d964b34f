"""Connection strings by reference: an undo that needs one must be enough by itself in another process, and must hold
no user of somebody else's server. The string lies in a file of mode 0600 that goes with the run."""

from __future__ import annotations

import os
from pathlib import Path

from chaos.errors import UndoError

_SCHEME = "conninfo-file:"
_kept: dict[str, Path] = {}


def keep(dsn: str, path: Path) -> None:
    """Write the string to a new file, to be referred to from now on. Raises OSError."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(dsn)
    _kept[dsn] = path


def reference(dsn: str) -> str:
    """What an undo names instead of the string; the string itself where none was kept: a server of midnight's own."""
    return f"{_SCHEME}{_kept[dsn]}" if dsn in _kept else dsn


def resolve(text: str) -> str:
    """The string behind a reference. Raises UndoError."""
    if not text.startswith(_SCHEME):
        return text
    path = Path(text.removeprefix(_SCHEME))
    try:
        return path.read_text()
    except OSError as error:
        raise UndoError(
            f"{path}, which says how to reach the server, cannot be read: {error.strerror}"
        ) from error
