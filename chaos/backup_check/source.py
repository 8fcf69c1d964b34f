"""The backup that is restored: the newest of a directory, or the one that is named. Only read."""

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

# Written last, so that their time is that of the backup's end; a directory's own changes with any visitor.
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
_EXPANDS = {"gzip": 5, "lz4": 4, "zstd": 6, "bzip2": 6, "xz": 8, "gpg": 6}  # times, what is packed by these
_DUMPS_EXPAND = 4  # and what a dump compresses itself
_GLOBALS = b"PostgreSQL database cluster dump"
_SMALL = 1 << 20  # bytes: what only makes roles is not larger


@dataclass(frozen=True, slots=True)
class Source:
    """Where the backup lies, as it lies there."""

    path: Path
    size: int  # bytes of its files
    expands: int  # times its size that its content takes
    modified: datetime  # of what was written last
    others: int  # older ones beside it

    @property
    def expected(self) -> int:
        """Bytes that its restore will take, roughly."""
        return self.size * self.expands


def find(options: BackupOptions) -> Source:
    """The backup meant by `path` and `pattern`.

    Raises UsageError where the path is wrong or cannot be read, BackupUnusable where no backup is.
    """
    path = options.path
    try:
        if options.kind == "base" and path.is_dir():
            refuse_foreign(path)
            if (found := barman.backup(path)) is not None:
                return described(found.place, options, found.others)
        candidates = [path] if options.stanza or is_backup(path) else _entries(path, options.pattern)
        if not candidates:
            raise BackupUnusable(f"{path} holds no backup named {options.pattern!r}")
        newest = max(candidates, key=lambda entry: (_modified(entry), entry.name))
        return described(newest, options, len(candidates) - 1)
    except OSError as error:
        raise UsageError(f"options: path: {path} cannot be read: {error.strerror}") from error


def is_backup(path: Path) -> bool:
    """Whether the path is a backup itself. Raises OSError where there is nothing."""
    path.stat()
    return path.is_file() or any((path / name).exists() for name in _DATED_BY)


def described(path: Path, options: BackupOptions, others: int) -> Source:
    """Raises OSError where it cannot be read."""
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
    """Whether it is what `pg_dumpall --globals-only` writes, which lies beside dumps of databases."""
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
