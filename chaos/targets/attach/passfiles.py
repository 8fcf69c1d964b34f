"""Pass files for a run's connection strings, in a directory that goes with the run."""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path

from chaos.driver import Site
from chaos.errors import RestoreError
from chaos.fault import Evidence, Undo
from chaos.targets.attach.databases import Dsn, pass_line

WHAT = "pass files"


def make(dsns: Iterable[tuple[str, Dsn]], site: Site) -> dict[tuple[str, str], Path]:
    """A pass file by (database, role) for each connection string that needs one."""
    needed = [(name, dsn) for name, dsn in dsns if dsn.password]
    if not needed:
        return {}
    # nobody else can have chosen this name: what has it is ours to remove
    place = Path(tempfile.gettempdir()) / f"midnight-{site.mark}-{secrets.token_hex(8)}"
    site.creating(WHAT, {"what": WHAT, "path": str(place)})
    place.mkdir(mode=0o700)
    return {(name, dsn.role): _write(place / f"{name}-{dsn.role}", dsn.password) for name, dsn in needed}


def remove(undo: Undo) -> Evidence:
    """Raises RestoreError."""
    place = Path(undo["path"])
    try:
        if place.is_dir():
            shutil.rmtree(place)
    except OSError as error:
        raise RestoreError(f"{place} could not be removed: {error}; by hand: rm -r {place}") from error
    return {"removed": str(place)}


def _write(path: Path, password: str) -> Path:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(pass_line(password))
    return path
