"""The files of a base backup, plain or in tar archives of any compression: read, never written."""

from __future__ import annotations

import os
import re
import shutil
import stat
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO, Literal

from chaos.errors import BackupUnusable, Refused
from chaos.host.packing import packed
from chaos.postgres import family
from chaos.postgres.wal import SEGMENT

Format = Literal["plain", "tar"]

_CHUNK = 1 << 20
_PACKED = r"\.tar(\.(gz|bz2|xz|zst|lz4|gpg))?"
_BASE, _WAL = re.compile(rf"(base|data){_PACKED}"), re.compile(rf"pg_wal{_PACKED}")
_SPACE = re.compile(rf"(\d+){_PACKED}")
# Marks the top of a data directory: anything above it in a tar is the packager's own path.
_TOP = {"PG_VERSION", "backup_label", "backup_manifest", "global", "pg_wal", "pg_xact", "pg_tblspc"}
_PARTS = (
    "global",
    "base",
    "pg_wal",
    "backup_label",
    "backup_manifest",
)  # of an incomplete data directory


@dataclass(frozen=True, slots=True)
class BackupFiles:
    """A base backup called `place`. `base` is a data directory or a tar of one; `wal` a tar of its WAL, and `spaces`
    its tablespaces by OID, if stored apart. Processes that unpack them carry `mark`.
    """

    place: Path
    format: Format
    base: Path
    wal: Path | None = None
    spaces: Mapping[str, Path] = field(default_factory=dict)
    mark: str = "midnight"

    def contents(self) -> Iterator[tuple[str, int, Iterator[bytes]]]:
        """Name, size and bytes of every file; the bytes must be read before the next one.

        Raises BackupUnusable if an archive is truncated or a file cannot be read.
        """
        with self._reading():
            yield from self._all(self.base, "")
            for number, space in self.spaces.items():
                yield from self._all(space, f"pg_tblspc/{number}/")

    def find(self, name: str) -> str | None:
        """A small file of the backup; None if missing."""
        if self.format == "plain":
            file = self.base / name
            return self._text(file) if file.is_file() else None
        for found, _, chunks in self.contents():
            if found == name:
                return b"".join(chunks).decode(errors="replace")
        return None

    def text(self, name: str) -> str:
        """A small file of the backup. Raises BackupUnusable if missing."""
        found = self.find(name)
        if found is None:
            raise BackupUnusable(f"the backup {self.place} has no {name}: not a base backup, or incomplete")
        return found

    def copy(self, data: Path) -> int:
        """Copy every file below `data` and return the number of bytes. Raises BackupUnusable, or OSError on writing."""
        with self._reading():
            copied = self._put(self.base, data)
            if self.wal is not None:
                copied += self._put(self.wal, data / "pg_wal")
            # Within the data directory: their original locations must not be touched.
            for number, space in self.spaces.items():
                copied += self._put(space, data / "pg_tblspc" / number)
            return copied

    def segments(self) -> set[str]:
        """The names of the WAL files in the backup itself."""
        return set(self._wal_files())

    def segment_size(self) -> int:
        """Size of each of its own WAL files in bytes. Raises BackupUnusable if it has none."""
        sizes = set(self._wal_files().values())
        if len(sizes) != 1:
            raise BackupUnusable(f"the WAL files in the backup {self.place} differ in size or do not exist")
        return sizes.pop()

    def _wal_files(self) -> dict[str, int]:
        with self._reading():
            if self.format == "plain":
                found = {file.name: file.stat().st_size for file in (self.base / "pg_wal").glob("*")}
            elif self.wal is not None:
                found = {PurePosixPath(name).name: size for name, size, _ in self._tar(self.wal)}
            else:
                members = ((PurePosixPath(name), size) for name, size, _ in self._tar(self.base))
                found = {path.name: size for path, size in members if path.parent.name == "pg_wal"}
        return {name: size for name, size in found.items() if SEGMENT.fullmatch(name)}

    def _all(self, source: Path, below: str) -> Iterator[tuple[str, int, Iterator[bytes]]]:
        found = self._plain(source) if source.is_dir() else self._tar(source)
        for name, size, chunks in found:
            yield f"{below}{name}", size, chunks

    def _plain(self, source: Path) -> Iterator[tuple[str, int, Iterator[bytes]]]:
        for root, _, names in os.walk(source, onerror=_raise, followlinks=True):
            for name in sorted(names):
                file = Path(root, name)
                if not file.is_file():
                    continue
                with file.open("rb") as stream:
                    size = file.stat().st_size
                    yield file.relative_to(source).as_posix(), size, self._chunks(stream)

    @contextmanager
    def _members(
        self, archive: Path
    ) -> Iterator[Iterator[tuple[PurePosixPath, tarfile.TarInfo, tarfile.TarFile]]]:
        """The members of a tar with their paths within the data directory."""
        with (
            packed(archive, self.mark).opened(self.mark) as stream,
            tarfile.open(fileobj=stream, mode="r|") as tar,
        ):
            yield _placed(tar)

    def _tar(self, archive: Path) -> Iterator[tuple[str, int, Iterator[bytes]]]:
        with self._members(archive) as members:
            for path, member, tar in members:
                stream = tar.extractfile(member) if member.isfile() else None
                if stream is not None:
                    yield path.as_posix(), member.size, self._chunks(stream)

    def _chunks(self, stream: IO[bytes]) -> Iterator[bytes]:
        with self._reading():
            while chunk := stream.read(_CHUNK):
                yield chunk

    def _text(self, file: Path) -> str:
        with self._reading():
            return file.read_bytes().decode(errors="replace")

    def _put(self, source: Path, into: Path) -> int:
        if source.is_file():
            return self._extract(source, into)
        shutil.copytree(source, into, dirs_exist_ok=True, ignore=_no_files)
        return sum(file.stat().st_size for file in into.rglob("*") if file.is_file())

    def _extract(self, archive: Path, into: Path) -> int:
        into.mkdir(mode=0o700, parents=True, exist_ok=True)
        copied = 0
        with self._members(archive) as members:
            for path, member, tar in members:
                if member.issym() and path.parent.name == "pg_tblspc":
                    continue  # to the tablespace's original location; it comes in a tar of its own
                if path.is_absolute() or ".." in path.parts or not (member.isfile() or member.isdir()):
                    raise BackupUnusable(
                        f"{archive}: {member.name} is neither a file nor a directory of a backup"
                    )
                if member.isdir():
                    (into / path).mkdir(mode=0o700, parents=True, exist_ok=True)
                elif (stream := tar.extractfile(member)) is not None:
                    (into / path).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                    with (into / path).open("wb") as output:
                        shutil.copyfileobj(stream, output, _CHUNK)
                    copied += member.size
        return copied

    @contextmanager
    def _reading(self) -> Iterator[None]:
        try:
            yield
        except (tarfile.TarError, EOFError) as error:
            raise BackupUnusable(f"the backup {self.place} is truncated or damaged: {error}") from error
        except shutil.Error as error:
            raise BackupUnusable(f"the backup {self.place} cannot be read: {error.args[0][0][2]}") from error
        except OSError as error:
            raise BackupUnusable(f"the backup {self.place} cannot be copied: {error}") from error


def backup_files(place: Path, mark: str = "midnight") -> BackupFiles:
    """The backup in `place`, a directory or a single tar. Raises BackupUnusable if none can be read, and Refused if a
    part of it is a link that leads out of it.
    """
    if place.is_file():
        return BackupFiles(place, "tar", place, mark=mark)
    if (place / "PG_VERSION").is_file():
        _refuse_links(place)
        return BackupFiles(place, "plain", place, mark=mark)
    names = sorted(place.iterdir())
    base = next((file for file in names if _BASE.fullmatch(file.name)), None)
    if base is not None:
        wal = next((file for file in names if _WAL.fullmatch(file.name)), None)
        spaces = {match[1]: file for file in names if (match := _SPACE.fullmatch(file.name))}
        return BackupFiles(place, "tar", base, wal, spaces, mark)
    if not names or any((place / part).exists() for part in _PARTS):
        raise BackupUnusable(f"{place} contains no base backup: neither PG_VERSION nor base.tar found")
    raise Refused(
        f"{place} contains no base backup that midnight can read: neither PG_VERSION nor base.tar found; restore it "
        "with its own tool into a directory, and name that directory"
    )


def _refuse_links(place: Path) -> None:
    """A link out of the copy leads to files that were not copied: production may be writing to them right now.

    A backup by pg_basebackup is checked against its manifest, which a tablespace in use would not match.
    """
    beside = place.resolve().parent
    whole = (place / "backup_manifest").exists()
    links = [path for path in (*place.iterdir(), *(place / "pg_tblspc").glob("*")) if path.is_symlink()]
    for link in links:
        target = link.resolve()
        if not target.exists():
            raise BackupUnusable(f"{link} leads to {target}, which does not exist")
        if not whole and (not target.is_relative_to(beside) or target in family.tablespaces()):
            raise Refused(
                f"{link} leads out of the copy, to {target}, which may be production's own: copy that too, and make "
                "the link lead to the copy"
            )


def _placed(tar: tarfile.TarFile) -> Iterator[tuple[PurePosixPath, tarfile.TarInfo, tarfile.TarFile]]:
    above: int | None = None
    for member in tar:
        path = PurePosixPath(member.name)
        if above is None:
            above = next((depth for depth in range(len(path.parts)) if _is_top(path.parts[depth:])), None)
        if above is None and member.isdir():
            continue  # it is created for the first file in it
        parts = path.parts[above or 0 :]
        if parts:
            yield PurePosixPath(*parts), member, tar


def _is_top(parts: tuple[str, ...]) -> bool:
    # `base` is a common name: that of a data directory holds databases by their numbers.
    return parts[0] in _TOP or (parts[0] == "base" and len(parts) > 1 and parts[1].isdigit())


def _no_files(directory: str, names: list[str]) -> set[str]:
    """Sockets and pipes, which may exist in a data directory and cannot be copied."""
    wanted = (stat.S_ISREG, stat.S_ISDIR, stat.S_ISLNK)
    return {
        name for name in names if not any(is_it(Path(directory, name).lstat().st_mode) for is_it in wanted)
    }


def _raise(error: OSError) -> None:
    raise error
