"""The reports directory as the index sees it: whose it is, and which runs lie in it."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

Place = tuple[str, str]  # folder and id of a run

ID = ".store"


def places(root: Path) -> Iterator[Place]:
    """Every directory that may hold a run; nothing in them is looked at, so ten thousand take a moment."""
    for folder in _directories(root):
        for run in _directories(root / folder):
            yield folder, run


def store_id(root: Path) -> str:
    """The name of this reports directory, which it keeps when it is moved or mounted elsewhere. Raises OSError.

    Several processes at once agree on one.
    """
    path = root / ID
    with suppress(FileNotFoundError):
        return path.read_text().strip()
    part = root / f"{ID}.{secrets.token_hex(4)}"
    try:
        part.write_text(secrets.token_hex(8))
        with suppress(FileExistsError):
            os.link(part, path)
    finally:
        part.unlink(missing_ok=True)
    return path.read_text().strip()


def _directories(path: Path) -> list[str]:
    try:
        with os.scandir(path) as entries:
            return [
                entry.name
                for entry in entries
                if not entry.name.startswith(".") and entry.is_dir(follow_symlinks=False)
            ]
    except FileNotFoundError:
        return []
