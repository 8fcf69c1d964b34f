"""A dump by pg_dump or pg_dumpall: its format, its packing, and its text as a stream."""

from __future__ import annotations

import re
import shutil
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Literal

from chaos.errors import BackupUnusable, TargetError
from chaos.host.packing import Packed, packed

Format = Literal["custom", "directory", "tar", "plain"]

_TAIL = 4096
_CHUNK = 1 << 20
_COMPLETE = (b"PostgreSQL database dump complete", b"PostgreSQL database cluster dump complete")
_BEGINS = (b"-- PostgreSQL database dump", b"-- PostgreSQL database cluster dump")
_VERSION = re.compile(rb"[Dd]umped from database version:? (\d+)")
_CLIENT = re.compile(rb"[Dd]umped by pg_dump(?:all)? version:? (\d+)")
_ENCODING = re.compile(rb"SET client_encoding = '([\w-]+)'")
_CREATES = re.compile(rb"^(CREATE DATABASE |\\connect )", re.MULTILINE)
_TABLESPACE = re.compile(rb"^CREATE TABLESPACE (\S+)", re.MULTILINE)
_PAGES = (b"<!doctype html", b"<html", b"<?xml", b'{"error', b'{"message')
_TOC, _SCRIPT = "toc.dat", "restore.sql"  # of a dump in format tar, its first and its last member


@dataclass(frozen=True, slots=True)
class DumpFiles:
    """A dump in `place`, a file or a directory; `packed` None for a directory."""

    place: Path
    format: Format
    packed: Packed | None
    mark: str

    @property
    def ready(self) -> bool:
        """True if pg_restore can read it in place."""
        return self.packed is None or (self.packed.plain and self.format == "custom")

    def text(self) -> Iterator[bytes]:
        """A plain dump's statements; to be read to the end.

        Raises BackupUnusable if it ends before pg_dump's own last line.
        """
        assert self.packed is not None
        last = b""
        for chunk in self.packed.chunks(self.mark):
            last = (last + chunk)[-_TAIL:]
            yield chunk
        if not any(line in last for line in _COMPLETE):
            raise BackupUnusable(
                f"the dump {self.place} is truncated: the last line that pg_dump writes is missing"
            )

    def staged(self, place: Path) -> DumpFiles:
        """Unpack the dump below the new directory `place`, for pg_restore. Raises BackupUnusable, TargetError."""
        assert self.packed is not None
        place.mkdir(mode=0o700)
        try:
            if self.format == "tar":
                return self._unpacked(place)
            file = place / self.place.name
            self.packed.stage(file, self.mark)
            return dump_files(file, self.mark)
        except OSError as error:
            raise TargetError(f"the dump cannot be unpacked below {place}: {error}") from error

    def _unpacked(self, place: Path) -> DumpFiles:
        """The contents of a tar: a dump in that format, or one of another format inside it."""
        assert self.packed is not None
        if self.packed.plain and _is_dump_tar(self.place):
            return self
        content = place / "content"
        with self.packed.opened(self.mark) as stream:
            _extract(stream, content, self.place)
        found = sorted(content.rglob(_TOC))
        if found and (found[0].parent / _SCRIPT).exists():
            shutil.rmtree(content)
            file = place / "dump.tar"
            self.packed.stage(file, self.mark)
            return DumpFiles(file, "tar", Packed(file, (), b""), self.mark)
        if found:
            return DumpFiles(found[0].parent, "directory", None, self.mark)
        inside = [path for path in content.rglob("*") if path.is_file()]
        if len(inside) != 1:
            raise BackupUnusable(f"{self.place} contains no dump, but {len(inside)} other files")
        return dump_files(inside[0], self.mark)

    @property
    def head(self) -> bytes:
        return self.packed.head if self.packed else b""

    def version(self) -> int | None:
        """The server's major version, from the head of a plain dump."""
        found = _VERSION.search(self.head)
        return int(found[1]) if found else None

    def client(self) -> int | None:
        """The version of the pg_dump that wrote it."""
        found = _CLIENT.search(self.head)
        return int(found[1]) if found else None

    def encoding(self) -> str | None:
        found = _ENCODING.search(self.head)
        return found[1].decode() if found else None

    @property
    def creates_databases(self) -> bool:
        """True if a plain dump creates its databases itself."""
        return _BEGINS[1] in self.head or bool(_CREATES.search(self.head))

    @property
    def tablespaces(self) -> list[str]:
        return [name.decode().strip('"') for name in _TABLESPACE.findall(self.head)]


def dump_files(place: Path, mark: str) -> DumpFiles:
    """Raises BackupUnusable for anything but a dump; ToolMissing or Refused if that cannot be determined here."""
    if place.is_dir():
        if not (place / _TOC).is_file():
            raise BackupUnusable(f"{place} contains no dump: {_TOC}, which pg_dump writes last, is missing")
        return DumpFiles(place, "directory", None, mark)
    one = packed(place, mark)
    if not one.head:
        raise BackupUnusable(f"the dump {place} is empty")
    return DumpFiles(place, _format(one), one, mark)


def _format(one: Packed) -> Format:
    head = one.head
    if head.startswith(b"PGDMP"):
        return "custom"
    if head[257:262] == b"ustar":
        return "tar"
    start = head.lstrip()[:256].lower()
    if start.startswith(_PAGES):
        raise BackupUnusable(
            f"{one.file} is not a dump but a server's web page, as a failed download leaves one: {_shown(head)}"
        )
    if b"\0" in head or not any(line in head for line in (*_BEGINS, *_COMPLETE)):
        raise BackupUnusable(f"{one.file} is not a dump by pg_dump: it begins with {_shown(head)}")
    return "plain"


def _shown(head: bytes) -> str:
    return repr(head.lstrip()[:60].decode(errors="replace"))


def _is_dump_tar(file: Path) -> bool:
    with tarfile.open(file) as tar:
        names = tar.getnames()
    return _TOC in names and _SCRIPT in names


def _extract(stream: IO[bytes], into: Path, place: Path) -> None:
    into.mkdir(mode=0o700)
    try:
        with tarfile.open(fileobj=stream, mode="r|") as tar:
            for member in tar:
                path = PurePosixPath(member.name)
                source = tar.extractfile(member) if member.isfile() else None
                if source is None or path.is_absolute() or ".." in path.parts:
                    continue
                (into / path).parent.mkdir(parents=True, exist_ok=True)
                with (into / path).open("wb") as output:
                    shutil.copyfileobj(source, output, _CHUNK)
    except (tarfile.TarError, EOFError) as error:
        raise BackupUnusable(f"the dump {place} is truncated or damaged: {error}") from error
