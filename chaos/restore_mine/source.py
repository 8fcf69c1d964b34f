"""The backup that is restored: the newest of a directory, or the one that is named. Only read."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from chaos.errors import BackupUnusable, UsageError
from chaos.host.page_cache import files_below
from chaos.targets.backup.options import BackupOptions

# Written last, so that their time is that of the backup's end; a directory's own changes with any visitor.
_DATED_BY = ("backup_manifest", "base.tar", "base.tar.gz", "toc.dat", "backup_label", "PG_VERSION")
_COMPRESSED = (".gz", ".lz4", ".zst", ".bz2", ".xz")
_EXPANDS = 4  # times its size, what is compressed


@dataclass(frozen=True, slots=True)
class Source:
    """Where the backup lies, as it lies there."""

    path: Path
    size: int  # bytes of its files
    compressed: bool
    modified: datetime  # of what was written last
    others: int  # older ones beside it

    @property
    def expected(self) -> int:
        """Bytes that its restore will take, roughly."""
        return self.size * (_EXPANDS if self.compressed else 1)


def find(options: BackupOptions) -> Source:
    """The backup meant by `path` and `pattern`.

    Raises UsageError where the path is wrong or cannot be read, BackupUnusable where no backup is.
    """
    path = options.path
    try:
        candidates = [path] if options.stanza or _is_backup(path) else _entries(path, options.pattern)
        if not candidates:
            raise BackupUnusable(f"{path} holds no backup named {options.pattern!r}")
        newest = max(candidates, key=lambda entry: (_modified(entry), entry.name))
        return _described(newest, options, len(candidates) - 1)
    except OSError as error:
        raise UsageError(f"options: path: {path} cannot be read: {error.strerror}") from error


def _is_backup(path: Path) -> bool:
    """Whether the path is a backup itself. Raises OSError where there is nothing."""
    path.stat()
    return path.is_file() or any((path / name).exists() for name in _DATED_BY)


def _entries(place: Path, pattern: str) -> list[Path]:
    return [entry for entry in place.glob(pattern) if not entry.name.startswith(".")]


def _modified(entry: Path) -> float:
    dated = [(entry / name).stat().st_mtime for name in _DATED_BY if (entry / name).is_file()]
    return dated[0] if dated else entry.stat().st_mtime


def _described(path: Path, options: BackupOptions, others: int) -> Source:
    if not os.access(path, os.R_OK):
        raise PermissionError(13, "permission denied", str(path))
    files = files_below(path)
    squeezed = options.kind == "dump" or any(file.suffix in _COMPRESSED for file in files)
    modified = datetime.fromtimestamp(_modified(path), UTC)
    return Source(path, sum(file.stat().st_size for file in files), squeezed, modified, others)
