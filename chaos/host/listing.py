"""List the files below a directory: their owners and contents, decompressed.

One JSON line on standard input: `directory`, `live` (paths or patterns of files being written, whose content is not
read) and `only` (a pattern of names, or nothing). One JSON line as the answer: `files` by path, and `cut` if the list
is truncated.

A file's content is reported as the digest of its beginning and its length, decompressed, so that an archive is
recognised after compression. The newest files are read completely, within a budget; of all others, the beginning and,
if uncompressed, the end. Standard library only.
"""

from __future__ import annotations

import bz2
import gzip
import hashlib
import json
import lzma
import os
import stat
import sys
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from fnmatch import fnmatchcase
from pathlib import Path
from typing import IO, Any

DEEP, MOST = 3, 5000  # directories below the first, and entries
HEAD = 1 << 16  # bytes always compared
BUDGET = 64 << 20  # bytes on disk, over all files, to read completely
BOMB = 1 << 30  # decompressed bytes beyond which a file is not read to the end
_PIECE = 1 << 20
_GZIP = b"\x1f\x8b"
_OPENERS: Mapping[bytes, Callable[[Path], Any]] = {
    _GZIP: gzip.GzipFile,
    b"BZh": bz2.BZ2File,
    b"\xfd7zXZ\x00": lzma.LZMAFile,
}
_UNKNOWN = (b"\x28\xb5\x2f\xfd", b"\x04\x22\x4d\x18")  # zstd and lz4: not in Python's standard library


def listing(directory: Path, live: Sequence[str] = (), only: str = "") -> dict[str, Any]:
    """Every entry below the directory, by path. Raises OSError if the directory itself cannot be read."""
    os.scandir(directory).close()
    found: dict[str, dict[str, Any]] = {}
    cut = False
    for path, info in _walk(directory, DEEP):
        if only and not fnmatchcase(path.name, only):
            continue
        if len(found) == MOST:
            cut = True
            break
        found[str(path)] = _told(path, info, live=_is_live(str(path), live))
    left = BUDGET
    for name in sorted(found, key=lambda name: -found[name]["mtime"]):
        entry = found[name]
        if entry["type"] == "file" and not entry["live"]:
            whole = entry["size"] <= left
            left -= entry["size"] if whole else 0
            entry.update(_content(Path(name), entry["size"], whole=whole))
    return {"files": found, "cut": cut}


def _walk(directory: Path, deep: int) -> Iterator[tuple[Path, os.stat_result]]:
    with suppress(OSError), os.scandir(directory) as entries:
        for entry in sorted(entries, key=lambda each: each.name):
            with suppress(OSError):  # it disappeared meanwhile
                info = entry.stat(follow_symlinks=False)
                if entry.is_dir(follow_symlinks=False):
                    yield from _walk(Path(entry.path), deep - 1) if deep else ()
                else:
                    yield Path(entry.path), info


def _is_live(path: str, live: Sequence[str]) -> bool:
    return path in live or any(fnmatchcase(path, pattern) for pattern in live)


def _told(path: Path, info: os.stat_result, *, live: bool) -> dict[str, Any]:
    kind = "file" if stat.S_ISREG(info.st_mode) else "link" if stat.S_ISLNK(info.st_mode) else "special file"
    told: dict[str, Any] = {
        "type": kind,
        "live": live,
        "size": info.st_size,
        "inode": info.st_ino,
        "owner": f"{info.st_uid}:{info.st_gid}",
        "mode": f"{stat.S_IMODE(info.st_mode):04o}",
        "mtime": info.st_mtime,
    }
    if kind == "link":
        with suppress(OSError):
            told["target"] = str(path.readlink())
    return told


def _content(path: Path, size: int, *, whole: bool) -> dict[str, Any]:
    """`content`, and whether it is `damaged`; empty for an unreadable file."""
    try:
        with path.open("rb") as file:
            magic = file.read(6)
        if magic.startswith(_UNKNOWN):
            return {}
        opener = next((each for begin, each in _OPENERS.items() if magic.startswith(begin)), None)
        if opener is None:
            return {"content": _plain(path, size, whole=whole)}
        with opener(path) as file:
            content = _read(file, whole=whole)
        if content["length"] is None and magic.startswith(_GZIP):
            content["length"] = _length_by_gzip(path)
        return {"content": content}
    except (EOFError, zlib.error, lzma.LZMAError, gzip.BadGzipFile):
        return {"damaged": True}
    except OSError:
        return {}


def _plain(path: Path, size: int, *, whole: bool) -> dict[str, Any]:
    with path.open("rb") as file:
        content = _read(file, whole=whole)
        file.seek(max(0, size - HEAD))
        return {**content, "length": size, "tail": _digest(file.read(HEAD))}


def _read(file: IO[bytes], *, whole: bool) -> dict[str, Any]:
    head = file.read(HEAD)
    told: dict[str, Any] = {"head": _digest(head), "length": None, "tail": None, "whole": None}
    digest, length = hashlib.sha256(head), len(head)
    while whole and (piece := file.read(_PIECE)):
        digest.update(piece)
        length += len(piece)
        if length > BOMB:
            return told
    return {**told, "length": length, "whole": digest.hexdigest()} if whole else told


def _length_by_gzip(path: Path) -> int:
    with path.open("rb") as file:
        file.seek(-4, os.SEEK_END)
        return int.from_bytes(file.read(4), "little")


def _digest(piece: bytes) -> str:
    return hashlib.sha256(piece).hexdigest()


def main() -> None:
    spec = json.loads(sys.stdin.readline())
    try:
        told = listing(Path(spec["directory"]), spec["live"], spec["only"])
    except OSError as error:
        # in a directory that is on no volume nothing of midnight's can be
        nothing = bool(spec["only"]) and isinstance(error, FileNotFoundError)
        because = {"because": f"{spec['directory']}: {error.strerror}"}
        told = {"files": {}, "cut": False} if nothing else because
    print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main()
