"""Files of a newer midnight are refused."""

from __future__ import annotations

from pathlib import Path


def refuse_newer(what: Path | str, version: object, known: int) -> None:
    """Raises ValueError for a version that this midnight does not read."""
    if not isinstance(version, int) or version > known:
        raise ValueError(f"{what}: version {version}, this midnight reads {known}")
