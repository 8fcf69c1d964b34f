"""Checksum files beside a backup: recognised by name and format, and verified against its files."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chaos.backup_check.verified import Verified
from chaos.host.page_cache import files_below

_BY_LENGTH: Mapping[int, str] = {
    32: "md5",
    40: "sha1",
    56: "sha224",
    64: "sha256",
    96: "sha384",
    128: "sha512",
}
_SUFFIXES = ("md5", "sha1", "sha224", "sha256", "sha384", "sha512")
# Names of files beside a backup that are not backups: sums, signatures, logs, descriptions.
_LISTS = re.compile(r"(md5|sha\d+|check)_?sums?(\.txt)?", re.IGNORECASE)
_NAMED = re.compile(rf"\.({'|'.join(_SUFFIXES)})(sums?)?(\.txt)?$", re.IGNORECASE)
_BESIDE = re.compile(
    rf".*\.({'|'.join(_SUFFIXES)})(sums?)?(\.txt)?|.*\.(asc|sig|minisig|log|json|ya?ml|list|txt|md)|{_LISTS.pattern}",
    re.IGNORECASE,
)
_GNU = re.compile(r"^\\?([0-9a-fA-F]{32,128}) [ *](.+)$")
_BSD = re.compile(r"^(\w+) ?\((.+)\) ?= ?([0-9a-fA-F]{32,128})$")
_ALONE = re.compile(r"^([0-9a-fA-F]{32,128})$")
_LARGEST = 64 << 20  # bytes of a list of sums
_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Sum:
    """One file's checksum, as `source` states it."""

    file: Path
    algorithm: str
    value: str
    source: Path


def lies_beside(file: Path) -> bool:
    """True if the name is that of a companion file, not a backup."""
    if file.suffix == ".asc" and _armoured(file):
        return False
    return bool(_BESIDE.fullmatch(file.name)) and file.is_file()


def verify(backup: Path) -> Verified | None:
    """Verify the backup, a file or a directory, against the sums in or beside it; None if there are none."""
    found = list(_sums_of(backup))
    if not found:
        return None
    faults, size = [], 0
    for one in found:
        if not one.file.is_file():
            faults.append(f"{one.file.name} is missing")
            continue
        size += one.file.stat().st_size
        with one.file.open("rb") as stream:
            if hashlib.file_digest(stream, one.algorithm).hexdigest() != one.value.lower():
                faults.append(f"{one.file.name} has a different {one.algorithm} checksum")
    sources = ", ".join(sorted({one.source.name for one in found}))
    if faults:
        more = f", and {len(faults) - _SHOWN} more" if len(faults) > _SHOWN else ""
        return Verified("faulty", f"does not match {sources}: {'; '.join(faults[:_SHOWN])}{more}")
    files = len({one.file for one in found})
    return Verified("verified", f"{files} files by {sources}", files, size)


def _sums_of(backup: Path) -> Iterator[Sum]:
    wanted = {file.resolve() for file in files_below(backup)}
    for source in _sources(backup):
        for one in _read(source):
            inside = backup.is_dir() and one.file.is_relative_to(backup)
            if one.file.resolve() in wanted or inside:
                yield one


def _sources(backup: Path) -> Iterator[Path]:
    places = [backup.parent, *([backup] if backup.is_dir() else [])]
    for place in places:
        for file in sorted(place.iterdir()):
            known = _NAMED.search(file.name) or _LISTS.fullmatch(file.name) or file.suffix == ".json"
            if known and file.is_file() and file.stat().st_size <= _LARGEST and file != backup:
                yield file


def _read(source: Path) -> Iterator[Sum]:
    try:
        text = source.read_text()
    except (OSError, UnicodeDecodeError):
        return
    if source.suffix == ".json":
        yield from _in_json(source, text)
        return
    for line in text.splitlines():
        if gnu := _GNU.match(line.strip()):
            yield from _sum(source, gnu[2], gnu[1])
        elif bsd := _BSD.match(line.strip()):
            yield from _sum(source, bsd[2], bsd[3])
        elif alone := _ALONE.match(line.strip()):
            # A lone sum belongs to the file that its own file is named after.
            yield from _sum(source, source.name.rsplit(".", 1)[0], alone[1])


def _sum(source: Path, name: str, value: str) -> Iterator[Sum]:
    algorithm = _BY_LENGTH.get(len(value))
    if algorithm is not None:
        path = Path(name.removeprefix("./"))
        # A list may come from elsewhere: of an absolute path, only the name counts.
        yield Sum(source.parent / (path.name if path.is_absolute() else path), algorithm, value, source)


def _in_json(source: Path, text: str) -> Iterator[Sum]:
    """Common formats: {file: sum}, and {"file" or "name" or "path": ..., "sha256" (or another): sum}."""
    try:
        document = json.loads(text)
    except ValueError:
        return
    for record in _records(document):
        names = [
            record[key] for key in ("file", "name", "path", "filename") if isinstance(record.get(key), str)
        ]
        for key, value in record.items():
            told = value.rpartition(":")[2] if isinstance(value, str) else ""
            if not _ALONE.match(told):
                continue
            if key.lower().replace("-", "") in (*_SUFFIXES, "checksum", "digest", "hash") and names:
                yield from _sum(source, names[0], told)
            elif "." in key or "/" in key:
                yield from _sum(source, key, told)


def _records(document: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(document, dict):
        yield document
    children = (
        document.values() if isinstance(document, dict) else document if isinstance(document, list) else ()
    )
    for child in children:
        yield from _records(child)


def _armoured(file: Path) -> bool:
    """True if it is a message, not the signature of another file."""
    try:
        with file.open("rb") as stream:
            return stream.read(64).startswith(b"-----BEGIN PGP MESSAGE")
    except OSError:
        return False
