"""Connection strings by reference: an undo must suffice by itself in another process, but must not contain
credentials of a foreign server. The string is in a file of mode 0600, removed with the run.
"""

from __future__ import annotations

import os
from pathlib import Path

from chaos.errors import UndoError

_SCHEME = "conninfo-file:"
_kept: dict[str, Path] = {}


def keep(dsn: str, path: Path) -> None:
    """Write the string to a new file and refer to it from now on. Raises OSError."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(dsn)
    _kept[dsn] = path


def reference(dsn: str) -> str:
    """The reference to record in an undo; the string itself if none was stored, for midnight's own servers."""
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
            f"{path}, which holds the server's connection string, cannot be read: {error.strerror}"
        ) from error
