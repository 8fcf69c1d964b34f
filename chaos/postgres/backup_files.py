"""The files of a base backup, plain or in tar archives: read, never written."""

from __future__ import annotations

import os
import shutil
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Literal

from chaos.errors import BackupUnusable
from chaos.postgres.wal import SEGMENT

Format = Literal["plain", "tar"]

_CHUNK = 1 << 20
_BASE = ("base.tar", "base.tar.gz")
_WAL = ("pg_wal.tar", "pg_wal.tar.gz")
_OTHER_COMPRESSION = ("base.tar.lz4", "base.tar.zst")


@dataclass(frozen=True, slots=True)
class BackupFiles:
    """A pg_basebackup in `place`: a copy of the data directory, or `base.tar` with what belongs to it."""

    place: Path
    format: Format

    def contents(self) -> Iterator[tuple[str, int, Iterator[bytes]]]:
        """Name, size and bytes of every file; the bytes must be read before the next one.

        Raises BackupUnusable where an archive ends too early, or a file cannot be read.
        """
        with self._reading():
            yield from self._plain() if self.format == "plain" else self._tar(self._base())

    def text(self, name: str) -> str:
        """A small file of the backup. Raises BackupUnusable where it is not there."""
        for found, _, chunks in self.contents():
            if found == name:
                return b"".join(chunks).decode(errors="replace")
        raise BackupUnusable(f"the backup {self.place} has no {name}: it is no base backup, or not whole")

    def copy(self, data: Path) -> int:
        """Put every file below `data`; the number of bytes. Raises BackupUnusable, or OSError in writing."""
        with self._reading():
            if self.format == "plain":
                shutil.copytree(self.place, data, dirs_exist_ok=True)
                return sum(file.stat().st_size for file in data.rglob("*") if file.is_file())
            copied = self._extract(self._base(), data)
            wal = self._first_of(_WAL)
            return copied + (self._extract(wal, data / "pg_wal") if wal else 0)

    def segments(self) -> set[str]:
        """The names of the WAL files that the backup has itself."""
        return set(self._wal_files())

    def segment_size(self) -> int:
        """Bytes of each of its own WAL files. Raises BackupUnusable where it has none."""
        sizes = set(self._wal_files().values())
        if len(sizes) != 1:
            raise BackupUnusable(f"the WAL files in the backup {self.place} differ in size, or are none")
        return sizes.pop()

    def _wal_files(self) -> dict[str, int]:
        with self._reading():
            if self.format == "plain":
                found = {file.name: file.stat().st_size for file in (self.place / "pg_wal").glob("*")}
            else:
                wal = self._first_of(_WAL)
                members = self._tar(wal) if wal else iter(())
                found = {PurePosixPath(name).name: size for name, size, _ in members}
        return {name: size for name, size in found.items() if SEGMENT.fullmatch(name)}

    def _plain(self) -> Iterator[tuple[str, int, Iterator[bytes]]]:
        for root, _, names in os.walk(self.place, onerror=_raise, followlinks=True):
            for name in sorted(names):
                file = Path(root, name)
                with file.open("rb") as stream:
                    size = file.stat().st_size
                    yield file.relative_to(self.place).as_posix(), size, self._chunks(stream)

    def _tar(self, archive: Path) -> Iterator[tuple[str, int, Iterator[bytes]]]:
        with tarfile.open(archive) as tar:
            for member in tar:
                stream = tar.extractfile(member) if member.isfile() else None
                if stream is not None:
                    yield member.name.removeprefix("./"), member.size, self._chunks(stream)

    def _chunks(self, stream: IO[bytes]) -> Iterator[bytes]:
        with self._reading():
            while chunk := stream.read(_CHUNK):
                yield chunk

    def _extract(self, archive: Path, into: Path) -> int:
        into.mkdir(mode=0o700, parents=True, exist_ok=True)
        copied = 0
        with tarfile.open(archive) as tar:
            for member in tar:
                path = PurePosixPath(member.name)
                if path.is_absolute() or ".." in path.parts or not (member.isfile() or member.isdir()):
                    raise BackupUnusable(f"{archive}: {member.name} is no file or directory of a backup")
                if member.isdir():
                    (into / path).mkdir(mode=0o700, parents=True, exist_ok=True)
                elif (stream := tar.extractfile(member)) is not None:
                    with (into / path).open("wb") as output:
                        shutil.copyfileobj(stream, output, _CHUNK)
                    copied += member.size
        return copied

    def _base(self) -> Path:
        found = self._first_of(_BASE)
        if found is None:
            raise BackupUnusable(f"the backup {self.place} has no base.tar")
        return found

    def _first_of(self, names: tuple[str, ...]) -> Path | None:
        return next((self.place / name for name in names if (self.place / name).is_file()), None)

    @contextmanager
    def _reading(self) -> Iterator[None]:
        try:
            yield
        except (tarfile.TarError, EOFError) as error:
            raise BackupUnusable(f"the backup {self.place} is cut off or damaged: {error}") from error
        except shutil.Error as error:
            raise BackupUnusable(f"the backup {self.place} cannot be read: {error.args[0][0][2]}") from error
        except OSError as error:
            raise BackupUnusable(f"the backup {self.place} cannot be copied: {error}") from error


def backup_files(place: Path) -> BackupFiles:
    """The backup in `place`. Raises BackupUnusable where there is none that can be read."""
    if (place / "PG_VERSION").is_file():
        return BackupFiles(place, "plain")
    for name in _OTHER_COMPRESSION:
        if (place / name).is_file():
            raise BackupUnusable(f"{place / name}: only plain tar and gzip can be read; decompress it first")
    if any((place / name).is_file() for name in _BASE):
        return BackupFiles(place, "tar")
    raise BackupUnusable(f"{place} holds no base backup: neither PG_VERSION nor base.tar is there")


def _raise(error: OSError) -> None:
    raise error
