"""The backup to restore: the newest in a directory, or the one named. Read-only."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from chaos.backup_check import barman
from chaos.backup_check.layout import refuse_foreign
from chaos.backup_check.sums import lies_beside
from chaos.errors import BackupUnusable, UsageError
from chaos.host.packing import kind_of
from chaos.host.page_cache import files_below
from chaos.targets.backup.options import BackupOptions

# Written last, so their time is the backup's end; a directory's own time changes too easily.
_DATED_BY = (
    "backup.info",
    "backup_manifest",
    "base.tar",
    "base.tar.gz",
    "base.tar.zst",
    "base.tar.lz4",
    "toc.dat",
    "backup_label",
    "PG_VERSION",
)
_EXPANDS = {
    "gzip": 5,
    "lz4": 4,
    "zstd": 6,
    "bzip2": 6,
    "xz": 8,
    "gpg": 6,
}  # expansion factor of files packed by these
_DUMPS_EXPAND = 4  # and of a dump's own compression
_GLOBALS = b"PostgreSQL database cluster dump"
_SMALL = 1 << 20  # bytes: a dump of roles only is not larger


@dataclass(frozen=True, slots=True)
class Source:
    """The backup in its place."""

    path: Path
    size: int  # bytes of its files
    expands: int  # its content's size as a multiple of its own
    modified: datetime  # of the file written last
    others: int  # older ones beside it

    @property
    def expected(self) -> int:
        """Approximate bytes that its restore will take."""
        return self.size * self.expands


def find(options: BackupOptions) -> Source:
    """The backup selected by `path` and `pattern`.

    Raises UsageError if the path is wrong or unreadable, BackupUnusable if there is no backup.
    """
    path = options.path
    try:
        if options.kind == "base" and path.is_dir():
            refuse_foreign(path)
            if (found := barman.backup(path)) is not None:
                return described(found.place, options, found.others)
        candidates = [path] if options.stanza or is_backup(path) else _entries(path, options.pattern)
        if not candidates:
            raise BackupUnusable(f"{path} contains no backup named {options.pattern!r}")
        newest = max(candidates, key=lambda entry: (_modified(entry), entry.name))
        return described(newest, options, len(candidates) - 1)
    except OSError as error:
        raise UsageError(f"options: path: {path} cannot be read: {error.strerror}") from error


def is_backup(path: Path) -> bool:
    """True if the path itself is a backup. Raises OSError if it does not exist."""
    path.stat()
    return path.is_file() or any((path / name).exists() for name in _DATED_BY)


def described(path: Path, options: BackupOptions, others: int) -> Source:
    """Raises OSError if it cannot be read."""
    if not os.access(path, os.R_OK):
        raise PermissionError(13, "permission denied", str(path))
    files = files_below(path)
    modified = datetime.fromtimestamp(_modified(path), UTC)
    top = [file for file in files if path in (file, file.parent)]
    expands = max([_expands(file) for file in top] or [1])
    if options.kind == "dump":
        expands = max(expands, _DUMPS_EXPAND)
    return Source(path, sum(file.stat().st_size for file in files), expands, modified, others)


def _entries(place: Path, pattern: str) -> list[Path]:
    found = [
        entry for entry in place.glob(pattern) if not entry.name.startswith(".") and not lies_beside(entry)
    ]
    whole = [entry for entry in found if not _only_globals(entry)]
    return whole or found


def _only_globals(entry: Path) -> bool:
    """True if it is output of `pg_dumpall --globals-only`, often stored beside dumps of databases."""
    if not entry.is_file() or entry.stat().st_size > _SMALL:
        return False
    text = entry.read_bytes()
    return _GLOBALS in text[:4096] and b"\n\\connect " not in text and b"cluster dump complete" in text


def _modified(entry: Path) -> float:
    dated = [(entry / name).stat().st_mtime for name in _DATED_BY if (entry / name).is_file()]
    return dated[0] if dated else entry.stat().st_mtime


def _expands(file: Path) -> int:
    with file.open("rb") as stream:
        return _EXPANDS.get(kind_of(stream.read(16)) or "", 1)
