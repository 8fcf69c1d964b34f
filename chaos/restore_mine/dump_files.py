"""A dump of pg_dump or pg_dumpall: which format it has, and its text as a stream."""

from __future__ import annotations

import gzip
import re
import tarfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal, cast

from chaos.errors import BackupUnusable

Format = Literal["custom", "directory", "tar", "plain"]

_CHUNK = 1 << 20
_TAIL = 4096
_COMPLETE = (b"PostgreSQL database dump complete", b"PostgreSQL database cluster dump complete")
_VERSION = re.compile(rb"[Dd]umped from database version:? (\d+)")
_GZIP = b"\x1f\x8b"


@dataclass(frozen=True, slots=True)
class DumpFiles:
    """A dump in `place`, a file or a directory."""

    place: Path
    format: Format

    def text(self) -> Iterator[bytes]:
        """A plain dump's statements, decompressed; to be read to the end.

        Raises BackupUnusable where it ends before pg_dump's own last line.
        """
        last = b""
        try:
            with self._open() as stream:
                while chunk := stream.read(_CHUNK):
                    last = (last + chunk)[-_TAIL:]
                    yield chunk
        except (OSError, EOFError, zlib.error) as error:
            raise BackupUnusable(f"the dump {self.place} is cut short or damaged: {error}") from error
        if not any(line in last for line in _COMPLETE):
            raise BackupUnusable(
                f"the dump {self.place} is cut short: the last line that pg_dump writes is not there"
            )

    def version(self) -> int | None:
        """The server's major version, as a plain dump says it at its beginning."""
        with self._open() as stream:
            found = _VERSION.search(stream.read(_TAIL))
        return int(found[1]) if found else None

    def _open(self) -> IO[bytes]:
        with self.place.open("rb") as stream:
            squeezed = stream.read(2) == _GZIP
        return cast(IO[bytes], gzip.open(self.place)) if squeezed else self.place.open("rb")


def dump_files(place: Path) -> DumpFiles:
    """Raises BackupUnusable for what is no dump."""
    if place.is_dir():
        if not (place / "toc.dat").is_file():
            raise BackupUnusable(f"{place} holds no dump: toc.dat, which pg_dump writes last, is not there")
        return DumpFiles(place, "directory")
    with place.open("rb") as stream:
        head = stream.read(5)
    if head == b"PGDMP":
        return DumpFiles(place, "custom")
    if not head:
        raise BackupUnusable(f"the dump {place} is empty")
    if head[:2] != _GZIP and tarfile.is_tarfile(place):
        return DumpFiles(place, "tar")
    return DumpFiles(place, "plain")
