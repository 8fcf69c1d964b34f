"""A data directory without a label: the state it was left in, by its control file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from chaos.backup_check.scratch import Scratch
from chaos.errors import BackupUnusable
from chaos.host.page_cache import files_below
from chaos.host.privileges import give
from chaos.postgres.backup import Backup
from chaos.postgres.backup_files import BackupFiles
from chaos.postgres.wal import lsn

_FILE = "global/pg_control"
_STOPPED = ("shut down", "shut down in recovery")
_TIMEOUT = 30.0


def describe(files: BackupFiles, scratch: Scratch) -> tuple[Backup, str]:
    """The copy, which begins at its last checkpoint, and a description of its state. Raises BackupUnusable."""
    said = _control(files, scratch)
    try:
        backup = Backup(
            files,
            label="",
            timeline=int(said["Latest checkpoint's TimeLineID"]),
            start=lsn(said["Latest checkpoint's REDO location"]),
            stop=None,
            started=None,
            ended=_time(said.get("pg_control last modified", "")),
            size=sum(file.stat().st_size for file in files_below(files.place)),
        )
        state = said["Database cluster state"]
    except (LookupError, ValueError) as error:
        raise BackupUnusable(f"{files.place}: its {_FILE} cannot be read: {error}") from error
    if state in _STOPPED:
        return backup, f"{state}: from a cleanly stopped server"
    return backup, (
        f"{state}: assumed to be an atomic snapshot, which midnight cannot verify; a copy made file by "
        "file of a running server is not a backup"
    )


def _control(files: BackupFiles, scratch: Scratch) -> dict[str, str]:
    place = scratch.root / "control"
    (place / "global").mkdir(parents=True, exist_ok=True)
    (place / _FILE).write_bytes(_bytes(files))
    for path in (place, place / "global", place / _FILE):
        path.chmod(0o755 if path.is_dir() else 0o644)
        give(path, scratch.cluster.user)
    code, said = scratch.cluster.programs.run("pg_controldata", "-D", place, timeout=_TIMEOUT)
    if code != 0 or "WARNING" in said:
        raise BackupUnusable(f"{files.place}: its {_FILE} is damaged: {' '.join(said.split()[:30])}")
    found = (re.match(r"([^:]+): +(.*)$", line) for line in said.splitlines())
    return {match[1]: match[2].strip() for match in found if match}


def _bytes(files: BackupFiles) -> bytes:
    for name, _, chunks in _contents(files):
        if name == _FILE:
            return b"".join(chunks)
    raise BackupUnusable(f"{files.place} has no {_FILE}: not a data directory, or incomplete")


def _contents(files: BackupFiles) -> Iterator[tuple[str, int, Iterator[bytes]]]:
    if files.format == "plain":
        file: Path = files.base / _FILE
        if file.is_file():
            yield _FILE, file.stat().st_size, iter([file.read_bytes()])
        return
    yield from files.contents()


def _time(text: str) -> datetime | None:
    try:
        return datetime.strptime(text, "%a %b %d %H:%M:%S %Y").replace(tzinfo=UTC)
    except ValueError:
        return None
