"""Detect the kind of a cluster's copy: from pg_basebackup, one of a chain, from Barman, or a data directory."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from chaos.backup_check import barman
from chaos.errors import BackupUnusable, Refused
from chaos.postgres import family
from chaos.postgres.backup import Label, read_label
from chaos.postgres.backup_files import BackupFiles, backup_files

_LABEL = "backup_label"
# Top-level entries of other tools' repositories, and how to get a data directory out of them.
_FOREIGN = {
    "basebackups_005": "`wal-g backup-fetch DIRECTORY LATEST`, or restore it with WAL-E",
    "pg_probackup.conf": "`pg_probackup restore -B REPOSITORY --instance NAME -D DIRECTORY`",
    "pg_rman.ini": "`pg_rman restore`",
    "pgbackrest.conf": "kind: pgbackrest with its repository and stanza",
    "backup/*/backup.info": "kind: pgbackrest with its stanza",
    "backups/*/pg_probackup.conf": "`pg_probackup restore -B REPOSITORY --instance NAME -D DIRECTORY`",
    "*.qcow2": "start it on a machine of its own and name a copy of its data directory",
}


@dataclass(frozen=True, slots=True)
class Layout:
    """A copy of a cluster. `label` None: a data directory without one. `chain`: the backups that an incremental one
    builds on, the full one first. `wals`: its own archive.
    """

    files: BackupFiles
    label: Label | None
    chain: tuple[Path, ...] = ()
    wals: Path | None = None
    segment_size: int | None = None  # of these, if recorded
    facts: dict[str, str] = field(default_factory=dict)

    @property
    def major(self) -> int:
        """Raises BackupUnusable."""
        found = re.match(r"\d+", self.files.text("PG_VERSION"))
        if found is None:
            raise BackupUnusable(f"{self.files.place}: its PG_VERSION cannot be read")
        return int(found[0])


def layout(place: Path, mark: str) -> Layout:
    """Raises BackupUnusable if it is not a copy; Refused, with the remedy, if midnight cannot read it or it is a
    running server's own directory.
    """
    if place.is_dir():
        _refuse_running(place)
        if (found := barman.backup(place)) is not None:
            files = found.files(mark)
            text = files.find(_LABEL)
            label = read_label(text) if text else None
            return Layout(files, label, (), found.wals, found.segment_size, found.facts)
    files = backup_files(place, mark)
    text = files.find(_LABEL)
    label = read_label(text) if text else None
    chain = _chain(place, label) if label and label.since is not None else ()
    return Layout(files, label, chain)


def refuse_foreign(place: Path) -> None:
    """Raises Refused for another tool's repository."""
    for pattern, way in _FOREIGN.items():
        if next(place.glob(pattern), None) is not None:
            raise Refused(f"{place} is another tool's repository, which midnight cannot read: use {way}")


def _refuse_running(place: Path) -> None:
    try:
        pid = int((place / "postmaster.pid").read_text().split()[0])
        running = psutil.Process(pid) in family.members(place)
    except (OSError, ValueError, IndexError, psutil.Error):
        return
    if running:
        raise Refused(
            f"{place} is the directory of a running server (pid {pid}): a file-by-file copy is not a backup; take "
            "one with pg_basebackup, or name a snapshot"
        )


def _chain(place: Path, label: Label) -> tuple[Path, ...]:
    """The backups that the incremental one in `place` builds on, the full one first; they are beside it."""
    if not place.is_dir() or not (place / "PG_VERSION").is_file():
        raise Refused(
            f"{place} is an incremental backup in a tar, which cannot be combined: unpack each backup of its chain"
        )
    beside = {}
    for file in sorted(place.parent.glob(f"*/{_LABEL}")):
        found = read_label(file.read_text(errors="replace"))
        if found.start is not None and file.parent != place:
            beside[found.start] = (file.parent, found)
    chain: list[Path] = []
    wanted = label.since
    while wanted is not None:
        if wanted not in beside or beside[wanted][0] in chain:
            raise Refused(
                f"{place} is an incremental backup, and the one it builds on, which begins at "
                f"{wanted >> 32:X}/{wanted & 0xFFFFFFFF:X}, is not in a directory beside it: put the whole chain there"
            )
        chain.insert(0, beside[wanted][0])
        wanted = beside[wanted][1].since
    return tuple(chain)
