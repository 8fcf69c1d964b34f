"""A backup's manifest, read and verified by midnight itself: every file's size and checksum."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from chaos.errors import BackupUnusable
from chaos.postgres.backup_files import BackupFiles
from chaos.postgres.wal import Lsn, lsn

NAME = "backup_manifest"
# Files that PostgreSQL never lists in a manifest, or changes after writing it.
_UNLISTED = {NAME, "postgresql.auto.conf", "standby.signal", "recovery.signal"}
_SHOWN = 3  # defects named in an error


@dataclass(frozen=True, slots=True)
class Entry:
    size: int
    algorithm: str  # NONE if the manifest has no checksum
    checksum: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """A backup's contents, as recorded by the server that made it."""

    files: Mapping[str, Entry]
    timeline: int
    start: Lsn
    stop: Lsn
    system: int | None  # from PostgreSQL 17 on
    latest: datetime | None  # of its files: the backup had not ended before


@dataclass(frozen=True, slots=True)
class Verified:
    """The parts found to match the manifest."""

    files: int
    bytes: int
    algorithms: tuple[str, ...]


def read_manifest(file: Path) -> Manifest:
    """Raises BackupUnusable if it is missing, damaged or incomplete."""
    try:
        text = file.read_bytes()
    except OSError as error:
        raise BackupUnusable(f"the backup has no manifest: {error}") from error
    # Its own checksum covers everything before the line that contains it.
    body, mark, rest = text.rpartition(b'"Manifest-Checksum"')
    said = rest.decode(errors="replace").strip(' :"}\n')
    if not mark or hashlib.sha256(body).hexdigest() != said:
        raise BackupUnusable(f"{file}: the manifest is incomplete: its own checksum does not match")
    try:
        return _manifest(json.loads(text))
    except (ValueError, LookupError, TypeError) as error:
        raise BackupUnusable(f"{file}: the manifest cannot be read: {error}") from error


def _manifest(record: Mapping[str, Any]) -> Manifest:
    files = {
        _path(one): Entry(one["Size"], one.get("Checksum-Algorithm", "NONE"), one.get("Checksum", ""))
        for one in record["Files"]
    }
    ranges = record["WAL-Ranges"]
    return Manifest(
        files,
        timeline=ranges[-1]["Timeline"],
        start=min(lsn(one["Start-LSN"]) for one in ranges),
        stop=max(lsn(one["End-LSN"]) for one in ranges),
        system=record.get("System-Identifier"),
        latest=max((_modified(one["Last-Modified"]) for one in record["Files"]), default=None),
    )


def _modified(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%d %H:%M:%S GMT").replace(tzinfo=UTC)


def _path(record: Mapping[str, Any]) -> str:
    if "Path" in record:
        return str(record["Path"])
    # A name that is not UTF-8 is written in hexadecimal.
    return os.fsdecode(bytes.fromhex(record["Encoded-Path"]))


def verify(files: BackupFiles, manifest: Manifest) -> Verified:
    """Read every file of the backup. Raises BackupUnusable naming files that are missing, unexpected or different."""
    faults = []
    seen: set[str] = set()
    for name, size, chunks in files.contents():
        entry = manifest.files.get(name)
        if entry is None:
            # The manifest does not list pg_wal: its WAL-Ranges define what must exist.
            if name not in _UNLISTED and not name.startswith("pg_wal/"):
                faults.append(f"{name} is not in the manifest")
            continue
        seen.add(name)
        if name in _UNLISTED:
            continue
        if size != entry.size:
            faults.append(f"{name} has {size} bytes, not {entry.size}")
        elif (wrong := _differs(entry, chunks)) is not None:
            faults.append(f"{name} {wrong}")
    faults += [f"{name} is missing" for name in manifest.files if name not in seen]
    if faults:
        more = f", and {len(faults) - _SHOWN} more" if len(faults) > _SHOWN else ""
        raise BackupUnusable(
            f"the backup {files.place} does not match its manifest: {'; '.join(faults[:_SHOWN])}{more}"
        )
    algorithms = sorted({entry.algorithm for entry in manifest.files.values()})
    return Verified(len(seen), sum(manifest.files[name].size for name in seen), tuple(algorithms))


def _differs(entry: Entry, chunks: Iterable[bytes]) -> str | None:
    if entry.algorithm == "NONE":
        return None
    known = _ALGORITHMS.get(entry.algorithm)
    if known is None:
        return f"has a checksum of an unknown kind, {entry.algorithm!r}"
    return None if known(chunks) == entry.checksum.lower() else f"has a different {entry.algorithm} checksum"


def _hashed(name: str) -> Callable[[Iterable[bytes]], str]:
    def digest(chunks: Iterable[bytes]) -> str:
        running = hashlib.new(name)
        for chunk in chunks:
            running.update(chunk)
        return running.hexdigest()

    return digest


def _crc32c(chunks: Iterable[bytes]) -> str:
    # Written in native byte order, which is little-endian on all common platforms.
    from chaos.postgres.crc32c import crc32c  # imports numpy: slow, and needed only to verify a backup

    return crc32c(chunks).to_bytes(4, "little").hex()


_ALGORITHMS: Mapping[str, Callable[[Iterable[bytes]], str]] = {
    "CRC32C": _crc32c,
    **{f"SHA{bits}": _hashed(f"sha{bits}") for bits in (224, 256, 384, 512)},
}
