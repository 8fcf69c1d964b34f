"""Logs by identity: which inode was the log, what became of it, and which files were beside it before.

Standard library only: it also runs in a sidecar.
"""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chaos.host.logrotate_said import EMPTY, Said
from chaos.host.logrotate_said import Log as Rotated

_HEAD = 65_536  # bytes at the beginning of a log that distinguish it from another
_MOST_EXTENTS = 100_000


def head_of(fd: int, size: int = _HEAD) -> str:
    """A digest of the first `size` bytes."""
    return hashlib.sha256(os.pread(fd, min(size, _HEAD), 0)).hexdigest()


def data_in(fd: int) -> int:
    """The bytes of a file without its holes: a writer without O_APPEND leaves holes after a truncation."""
    size, at, found = os.fstat(fd).st_size, 0, 0
    for _ in range(_MOST_EXTENTS):
        try:
            begin = os.lseek(fd, at, os.SEEK_DATA)
        except OSError as error:
            return found if error.errno == errno.ENXIO else size
        at = os.lseek(fd, begin, os.SEEK_HOLE)
        found += at - begin
    return size


def inventory(logs: Iterable[str], places: Iterable[str]) -> dict[str, Any]:
    """An inventory as JSON: each log, and each file in `places` whose name begins with one of theirs."""
    told: dict[str, Any] = {"logs": {}, "places": list(places), "beside": {}}
    for path in logs:
        with Log(path) as log:
            told["logs"][path] = {"id": log.id, "size": log.size, "head": log.head}
    for path in beside(told):
        told["beside"][path] = unchanging(path)
    return told


def unchanging(path: str) -> list[int]:
    """The properties an archive keeps when renamed: a freed inode number alone is reused for other files."""
    found = os.lstat(path)
    return [found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns]


def beside(told: Mapping[str, Any]) -> list[str]:
    """The files in the places of an inventory that may be archives of its logs, ordered by name."""
    stems = tuple(Path(path).stem for path in told["logs"])
    found = []
    for place in told["places"]:
        if Path(place).is_dir():
            entries = [entry for entry in os.scandir(place) if not entry.is_dir(follow_symlinks=False)]
            found += [entry.path for entry in entries if entry.name.startswith(stems)]
    return sorted(found)


def writers_of(path: Path) -> list[int]:
    """The processes that have the file open for writing. Includes uninspectable ones of its owner, which may have it
    open.
    """
    found, wanted = [], path.stat()
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if int(process.name) != os.getpid() and _writes(process, wanted):
                found.append(int(process.name))
        except PermissionError:
            if os.geteuid() != 0 and process.stat().st_uid == wanted.st_uid:
                found.append(int(process.name))
        except OSError:  # it has just ended
            continue
    return sorted(found)


def _writes(process: Path, wanted: os.stat_result) -> bool:
    for fd in (process / "fd").iterdir():
        with suppress(FileNotFoundError):
            told = fd.stat()
            if (told.st_dev, told.st_ino) == (wanted.st_dev, wanted.st_ino):
                flags = (process / "fdinfo" / fd.name).read_text().partition("flags:")[2].split()[0]
                if int(flags, 8) & os.O_ACCMODE != os.O_RDONLY:
                    return True
    return False


class Log:
    """One log, held open so that its inode number is not reused meanwhile."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        found = os.fstat(self._fd)
        self.id, self.size = [found.st_dev, found.st_ino], found.st_size
        self.data, self.head = data_in(self._fd), head_of(self._fd)

    def __enter__(self) -> Log:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._fd)

    def close(self) -> None:
        os.close(self._fd)

    def at_its_path(self) -> bool:
        """True if the name still leads to this inode."""
        try:
            found = os.lstat(self.path)
        except OSError:
            return False
        return [found.st_dev, found.st_ino] == self.id

    def name_now(self) -> str | None:
        """The current path of this inode; None if its last name was removed."""
        if os.fstat(self._fd).st_nlink == 0:
            return None
        return str(Path(f"/proc/self/fd/{self._fd}").readlink()).removesuffix(" (deleted)")


@dataclass(frozen=True, slots=True)
class Outcome:
    """The fate of one log. `bytes` is its data when the rotation began; 0 if it was not rotated."""

    path: str
    bytes: int
    became: str  # for humans
    rotated: bool
    archive: str | None

    def to_json(self) -> dict[str, Any]:
        return {"bytes": self.bytes, "became": self.became, "rotated": self.rotated, "archive": self.archive}


def outcome(log: Log, said: Said, before: Mapping[str, Any]) -> Outcome:
    """By the inode, not by size: a busy log soon is as large as before."""
    told = next((each for path, each in said.logs.items() if str(Path(path).resolve()) == log.path), None)
    if not log.at_its_path():
        return _moved(log, told, before)
    copied = told.copied_to if told is not None else ""
    archive = _new(copied, before) if copied else None
    failed = any("error truncating" in error or "error copying" in error for error in said.errors)
    if told is not None and told.truncated and not failed and (archive is not None or not copied):
        to = f"copied to {archive}" if archive is not None else "not kept (rotate 0)"
        return Outcome(log.path, log.data, f"{to} and truncated", True, archive)
    if archive is not None and not failed:
        return Outcome(log.path, log.data, f"copied to {archive}, not truncated", True, archive)
    reason = (told.reason if told is not None else "") or _last(said.errors) or "logrotate gives no reason"
    return Outcome(log.path, 0, f"not rotated: {reason}", reason == EMPTY and not log.size, None)


def _moved(log: Log, told: Rotated | None, before: Mapping[str, Any]) -> Outcome:
    name = log.name_now()
    if told is None or not told.rotated:
        where = f"is now {name}" if name is not None else "was removed"
        return Outcome(
            log.path, 0, f"not rotated by logrotate: another process moved it, and it {where}", False, None
        )
    if name is not None and not name.endswith(".tmp"):
        return Outcome(log.path, log.data, f"renamed to {name}", True, name)
    archive = _new(told.copied_to or told.renamed_to, before)
    if archive is not None:
        return Outcome(log.path, log.data, f"archived as {archive}", True, archive)
    return Outcome(log.path, log.data, "removed by its stanza's own rule", True, None)


def _new(path: str, before: Mapping[str, Any]) -> str | None:
    """The copy or its compressed form, if it did not exist before."""
    for candidate in [path, *(each for each in beside(before) if each.startswith(f"{path}."))]:
        if Path(candidate).exists() and unchanging(candidate) not in before["beside"].values():
            return candidate
    return None


def _last(errors: Iterable[str]) -> str:
    return next(reversed(list(errors)), "")
