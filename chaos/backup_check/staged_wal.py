"""A WAL archive that the scratch server can read: copied below the scratch directory and unpacked."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from chaos.backup_check import barman
from chaos.backup_check.scratch import Scratch
from chaos.errors import BackupUnusable, TargetError
from chaos.host.packing import packed
from chaos.host.privileges import give
from chaos.postgres.archive import Archive
from chaos.postgres.backup import Backup
from chaos.postgres.wal import HISTORY, SEGMENT, segment

_PACKED = re.compile(r"([0-9A-F]{24}|[0-9A-F]{8}\.history)\.(gz|bz2|xz|zst|lz4|lzma)")


def needed(archive: Archive) -> bool:
    """True if it has segments that PostgreSQL cannot read as stored. Raises BackupUnusable."""
    try:
        names = [file.name for file in archive.directory.iterdir()]
    except OSError as error:
        raise BackupUnusable(f"the archive {archive.directory} cannot be read: {error}") from error
    plain = any(SEGMENT.fullmatch(name) for name in names)
    return any(_PACKED.fullmatch(name) for name in names) or (not plain and _is_barmans(archive.directory))


def stage(archive: Archive, backup: Backup, scratch: Scratch, mark: str) -> Archive:
    """Copy the needed part of the archive as plain segments. Raises BackupUnusable, TargetError."""
    staged = Archive(scratch.root / "wal", archive.segment_size)
    staged.make(scratch.cluster.user)
    for name, file in sorted(_held(archive.directory).items()):
        if (staged.directory / name).exists() or not _wanted(name, archive, backup):
            continue
        copy = staged.directory / name
        try:
            one = packed(file, mark)
            if one.plain:
                shutil.copyfile(file, copy)
            else:
                one.stage(copy, mark)
            copy.chmod(0o600)
            give(copy, scratch.cluster.user)
        except OSError as error:
            raise TargetError(f"{file} could not be copied: {error}") from error
    return _sized(staged)


def _sized(staged: Archive) -> Archive:
    """With the size of its unpacked segments."""
    sizes = [file.stat().st_size for file in staged.directory.iterdir() if SEGMENT.fullmatch(file.name)]
    likely = max(set(sizes), key=sizes.count, default=staged.segment_size)
    return Archive(staged.directory, likely if likely.bit_count() == 1 else staged.segment_size)


def _held(place: Path) -> dict[str, Path]:
    if _is_barmans(place):
        return barman.segments(place)
    found = {}
    for file in place.iterdir():
        match = _PACKED.fullmatch(file.name)
        found[match[1] if match else file.name] = file
    return found


def _is_barmans(place: Path) -> bool:
    return any(re.fullmatch(r"[0-9A-F]{16}", entry.name) and entry.is_dir() for entry in place.iterdir())


def _wanted(name: str, archive: Archive, backup: Backup) -> bool:
    if HISTORY.fullmatch(name):
        return True
    first = backup.start // archive.segment_size
    return bool(SEGMENT.fullmatch(name)) and segment(name, archive.segment_size).number >= first
