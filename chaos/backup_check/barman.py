"""Barman's layout: a server's directory with `base` and `wals`, read in place, without Barman."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from chaos.errors import BackupUnusable, Refused
from chaos.postgres.backup_files import BackupFiles, backup_files

_INFO = "backup.info"
_SEGMENT = re.compile(r"[0-9A-F]{24}|[0-9A-F]{8}\.history")


@dataclass(frozen=True, slots=True)
class BarmanBackup:
    """One backup of a Barman server, by its `backup.info`."""

    place: Path
    info: Mapping[str, str]
    others: int = 0  # older ones beside it

    @property
    def wals(self) -> Path | None:
        """The server's archive, with a directory per log file and possibly compressed segments."""
        place = self.place.parent.parent / "wals"
        return place if place.is_dir() else None

    @property
    def facts(self) -> dict[str, str]:
        wanted = ("backup_id", "status", "mode", "begin_wal", "end_wal", "systemid", "compression")
        found = {"tool": "Barman", "backup_id": self.place.name}
        return found | {key: self.info[key] for key in wanted if self.info.get(key, "None") != "None"}

    @property
    def segment_size(self) -> int | None:
        found = self.info.get("xlog_segment_size", "")
        return int(found) if found.isdigit() else None

    def files(self, mark: str) -> BackupFiles:
        """Raises BackupUnusable if it failed or its data is gone."""
        if self.info.get("status") != "DONE":
            error = self.info.get("error", "None")
            why = "" if error == "None" else f": {error}"
            raise BackupUnusable(f"Barman's backup {self.place.name} is {self.info.get('status')}{why}")
        data = self.place / "data"
        place = data if data.is_dir() else self.place
        if not place.is_dir() or not any(place.iterdir()):
            raise BackupUnusable(f"Barman's backup {self.place.name} has no data: {data} is empty or missing")
        files = backup_files(place, mark)
        spaces = {
            number: self.place / number for number in self._tablespaces() if (self.place / number).is_dir()
        }
        return BackupFiles(self.place, files.format, files.base, files.wal, {**spaces, **files.spaces}, mark)

    def _tablespaces(self) -> list[str]:
        try:
            found = ast.literal_eval(self.info.get("tablespaces", "None"))
        except (ValueError, SyntaxError):
            return []
        return [str(each[1]) for each in found or [] if isinstance(each, tuple | list) and len(each) > 1]


def backup(place: Path) -> BarmanBackup | None:
    """The backup in the directory of a backup, of a server's backups, or of a server; None if it is not Barman's.

    Of several, the newest completed one. Raises BackupUnusable if there is none, and Refused if only Barman itself
    can assemble it.
    """
    read = [BarmanBackup(entry, _read(file)) for entry, file in _described(place).items()]
    if not read:
        return None
    ended = [one for one in read if one.info.get("status") not in ("STARTED", "EMPTY")]
    if not ended:
        raise BackupUnusable(f"no completed Barman backup in {place}")
    newest = max(ended, key=lambda one: (one.info.get("begin_time", ""), one.place.name))
    if newest.info.get("parent_backup_id", "None") != "None":
        raise Refused(
            f"Barman's backup {newest.place.name} is incremental: run `barman recover SERVER {newest.place.name} "
            "DIRECTORY` and name that directory"
        )
    if newest.info.get("snapshots_info", "None") != "None":
        raise Refused(
            f"Barman's backup {newest.place.name} consists of snapshots: mount them and name the data directory"
        )
    if newest.info.get("encryption", "None") != "None":
        raise Refused(
            f"Barman's backup {newest.place.name} is encrypted: run `barman recover` and name the directory"
        )
    return replace(newest, others=len(read) - 1)


def segments(wals: Path) -> dict[str, Path]:
    """Every segment and history file of a server's archive, by name."""
    return {
        file.name: file
        for file in sorted(wals.rglob("*"))
        if _SEGMENT.fullmatch(file.name) and file.is_file()
    }


def _described(place: Path) -> dict[Path, Path]:
    """Each backup's directory and its description, which is in it or, since Barman 3.13, in the server's `meta`."""
    if (place / _INFO).is_file():
        return {place: place / _INFO}
    if (file := place.parent.parent / "meta" / f"{place.name}-{_INFO}").is_file():
        return {place: file}
    base = place if place.name == "base" else place / "base"
    if not base.is_dir() or not (base.parent / "wals").is_dir():
        return {}
    found = {file.parent: file for file in base.glob(f"*/{_INFO}")}
    described = {file.name.removesuffix(f"-{_INFO}"): file for file in base.parent.glob(f"meta/*-{_INFO}")}
    return found | {base / name: file for name, file in described.items()}


def _read(file: Path) -> dict[str, str]:
    lines = file.read_text(errors="replace").splitlines()
    return {key: value for key, found, value in (line.partition("=") for line in lines) if found}
