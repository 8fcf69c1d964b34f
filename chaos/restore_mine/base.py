"""A base backup of pg_basebackup, plain or tar, and the archive it is replayed from."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

from chaos.errors import BackupUnusable, MidnightError, TargetError
from chaos.host.page_cache import files_below, forget
from chaos.host.privileges import SystemUser, give, identity
from chaos.postgres import Installation
from chaos.postgres.archive import SEGMENT_SIZE, Archive, Holdings
from chaos.postgres.backup import Backup, describe, verify_backup
from chaos.postgres.backup_files import backup_files
from chaos.postgres.manifest import NAME as MANIFEST
from chaos.postgres.restorable import check_restorable
from chaos.postgres.restore import restore
from chaos.postgres.target import Target, at_backups_end, at_lsn
from chaos.postgres.wal import HISTORY, SEGMENT, Timelines, segment, show_lsn
from chaos.postgres.wal_end import last_record
from chaos.restore_mine.kind import Ended, Facts, Kind, Restoration, Verified
from chaos.restore_mine.scratch import Scratch
from chaos.tools import postgresql

_SEGMENT_SIZES = {1 << power for power in range(20, 31)}
_SHOWN = 3


class BaseBackup(Kind):
    _backup: Backup | None = None  # as it tells of itself
    _target: Target = at_backups_end()
    _readable: Archive | None = None  # the archive, or a copy of it, for the server's user

    def installation(self) -> Installation:
        try:
            major = int(backup_files(self.source.path).text("PG_VERSION"))
        except (BackupUnusable, ValueError):  # it will be said when it is restored
            return postgresql.installation()
        return postgresql.installation_of(major)

    def describe(self, scratch: Scratch) -> Facts:
        backup = describe(self.source.path, self._archive())
        self._backup = backup
        self._prepare(backup, scratch)
        return {
            "format": backup.files.format,
            "label": backup.label,
            "timeline": backup.timeline,
            "from": show_lsn(backup.start),
            "until": show_lsn(backup.stop) if backup.stop else None,
            "started": backup.started.isoformat() if backup.started else None,
            "ended": backup.ended.isoformat() if backup.ended else None,
            "replayed_to": str(self._target),
            "archive": str(self.options.archive) if self.options.archive else None,
        }

    def restore(self, scratch: Scratch, within: float, ended: Ended) -> Restoration:
        assert self._backup is not None
        backup = self._backup
        forget(files_below(self.source.path))
        done = scratch.at_a_free_port(
            lambda: restore(
                backup,
                scratch.cluster,
                self._target,
                archive=self._readable,
                settings=scratch.settings,
                verify=False,
                bare=True,
                timeout=within,
            )
        )
        redo = done.recovery
        wal = redo.end - redo.start if redo.end is not None and redo.start is not None else 0
        elapsed, cpu = redo.elapsed_seconds or 0.0, redo.cpu_seconds or 0.0
        ended("copy", {"seconds": done.copying, "bytes": done.bytes})
        ended(
            "replay",
            {
                "seconds": done.replaying,
                "wal_bytes": wal,
                "redo_seconds": elapsed,
                "redo_cpu_seconds": cpu,
                "stopped": redo.stopped,
                "segments_from_archive": len(redo.restored),
            },
        )
        seconds = done.copying + done.replaying
        points = {
            "restores": [{"bytes": done.bytes, "seconds": seconds - elapsed}],
            "replays": [{"bytes": wal, "cpu_seconds": cpu, "seconds": elapsed}],
        }
        return Restoration(seconds, done.bytes, points)

    def verify(self, scratch: Scratch) -> Verified:
        if self._backup is None:
            return Verified("not verified", "the backup does not even tell what it consists of")
        try:
            found = verify_backup(self._backup, scratch.cluster.programs)
        except BackupUnusable as error:
            return Verified("faulty", str(error))
        except MidnightError as error:
            return Verified("not verified", str(error))
        verified = found.verified
        ours = f"our reading of the manifest: {verified.files} files, {', '.join(verified.algorithms)}"
        facts = {"files": verified.files, "bytes": verified.bytes, "manifest_seconds": found.seconds}
        return Verified("verified", f"{ours}; {found.tool}", facts)

    def evidence(self) -> list[Path]:
        manifest = self.source.path / MANIFEST
        return [manifest] if manifest.is_file() else []

    def _archive(self) -> Archive | None:
        place = self.options.archive
        if place is None:
            return None
        files = backup_files(self.source.path)
        return Archive(place, files.segment_size() if files.segments() else _segment_size(place))

    def _prepare(self, backup: Backup, scratch: Scratch) -> None:
        """Decide where the restore ends, and have the archive where the server's user can read it."""
        archive = self._readable = self._archive()
        if archive is None:
            return
        holdings = archive.holds()
        timeline = max((backup.timeline, *holdings.histories))
        along = check_restorable(backup, replace(at_backups_end(), timeline=timeline), archive)
        _refuse_holes(backup, archive, holdings, along)
        if not _can_read(scratch.cluster.user, archive):
            archive = self._readable = _staged(archive, backup, scratch)
        end = last_record(scratch.cluster.programs, archive, along, backup.start)
        self._target = at_lsn(end, timeline=timeline)
        if backup.stop is not None and end < backup.stop:
            if not backup.files.segments():
                raise BackupUnusable(
                    f"the archive {self.options.archive} ends at {show_lsn(end)}, before the backup's end, "
                    f"{show_lsn(backup.stop)}"
                )
            self._target = replace(at_backups_end(), timeline=timeline)


def _segment_size(place: Path) -> int:
    """That of most of the archive's segments: one that is cut short must not decide."""
    try:
        sizes = [file.stat().st_size for file in place.iterdir() if SEGMENT.fullmatch(file.name)]
    except OSError as error:
        raise BackupUnusable(f"the archive {place} cannot be read: {error}") from error
    possible = [size for size in sizes if size in _SEGMENT_SIZES]
    return max(set(possible), key=possible.count, default=SEGMENT_SIZE)


def _refuse_holes(backup: Backup, archive: Archive, holdings: Holdings, along: Timelines) -> None:
    """Past a hole nothing is replayed, and PostgreSQL would not say so."""
    first = backup.start // archive.segment_size
    behind = [
        name
        for name in (*holdings.gaps(), *holdings.truncated)
        if (one := segment(name, archive.segment_size)).number >= first and one.timeline in along.numbers()
    ]
    if behind:
        whole = "are missing or not whole" if len(behind) > 1 else "is missing or not whole"
        raise BackupUnusable(
            f"WAL segment {', '.join(sorted(behind)[:_SHOWN])} {whole} in the archive {archive.directory}: "
            "what was written after it is lost"
        )


def _can_read(user: SystemUser | None, archive: Archive) -> bool:
    files = [str(file) for file in archive.directory.iterdir() if SEGMENT.fullmatch(file.name)]
    if user is None or not files:
        return True
    command = ["/bin/sh", "-c", 'test -r "$1"', "sh", max(files)]
    return subprocess.run(command, check=False, cwd="/", **identity(user)).returncode == 0


def _staged(archive: Archive, backup: Backup, scratch: Scratch) -> Archive:
    """A copy of what is needed of the archive. Raises TargetError."""
    staged = Archive(scratch.root / "wal", archive.segment_size)
    staged.make(scratch.cluster.user)
    first = backup.start // archive.segment_size
    for file in archive.directory.iterdir():
        wanted = HISTORY.fullmatch(file.name) or (
            SEGMENT.fullmatch(file.name) and segment(file.name, archive.segment_size).number >= first
        )
        if wanted:
            copy = staged.directory / file.name
            try:
                shutil.copyfile(file, copy)
            except OSError as error:
                raise TargetError(f"{file} could not be copied: {error}") from error
            copy.chmod(0o600)
            give(copy, scratch.cluster.user)
    return staged
