"""Pass files for a run's connection strings, in a directory that is removed with the run."""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path

from chaos.errors import UndoError
from chaos.plugin.driver import Site
from chaos.plugin.fault import Evidence, Undo
from chaos.postgres import conninfo_files
from chaos.targets.attach.databases import Dsn, pass_line

WHAT = "pass files"


def make(dsns: Iterable[tuple[str, Dsn]], site: Site) -> dict[tuple[str, str], str]:
    """Strings for libpq by (database, role): passwords in a pass file, and each string in a file beside it, to which
    an undo refers.
    """
    given = list(dsns)
    if not given:
        return {}
    # the name is unique to this run, so anything under it may be removed
    place = Path(tempfile.gettempdir()) / f"midnight-{site.mark}-{secrets.token_hex(8)}"
    site.creating(WHAT, {"what": WHAT, "path": str(place)})
    place.mkdir(mode=0o700)
    return {(name, dsn.role): _string(place / f"{name}-{dsn.role}", dsn) for name, dsn in given}


def _string(path: Path, dsn: Dsn) -> str:
    string = dsn.string(_write(path, dsn.password) if dsn.password else None)
    conninfo_files.keep(string, path.with_name(f"{path.name}.conninfo"))
    return string


def remove(undo: Undo) -> Evidence:
    """Raises UndoError."""
    place = Path(undo["path"])
    try:
        if place.is_dir():
            shutil.rmtree(place)
    except OSError as error:
        raise UndoError(f"{place} could not be removed: {error}; by hand: rm -r {place}") from error
    return {"removed": str(place)}


def _write(path: Path, password: str) -> Path:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(pass_line(password))
    return path
