"""A copy of a whole cluster (from pg_basebackup, a chain of those, Barman, or a data directory) and the archive to
replay.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from chaos.backup_check import control, staged_wal, sums
from chaos.backup_check.kind import Ended, Kind, Lacking, Outlasted, Restoration, Verified
from chaos.backup_check.layout import Layout, layout
from chaos.backup_check.scratch import Scratch
from chaos.errors import BackupUnusable, MidnightError, TargetError, ToolMissing
from chaos.host.page_cache import files_below, forget
from chaos.host.privileges import SystemUser, identity
from chaos.postgres import Installation
from chaos.postgres.archive import SEGMENT_SIZE, Archive, Holdings
from chaos.postgres.backup import Backup, describe, manifest_in, verify_backup
from chaos.postgres.cluster import NotReady
from chaos.postgres.manifest import NAME as MANIFEST
from chaos.postgres.restorable import check_restorable
from chaos.postgres.restore import Restored, restore, start_copy
from chaos.postgres.target import Target, at_backups_end, at_lsn
from chaos.postgres.wal import SEGMENT, Timelines, segment, show_lsn
from chaos.postgres.wal_end import last_record
from chaos.record import events
from chaos.record.event import NOW
from chaos.record.events import BackupDescribed
from chaos.record.fields import read
from chaos.tools import postgresql

_SEGMENT_SIZES = {1 << power for power in range(20, 31)}
_SHOWN = 3
_COMBINE = "pg_combinebackup"


class BaseBackup(Kind):
    _layout: Layout | None = None
    _backup: Backup | None = None  # from its own metadata
    _target: Target = at_backups_end()
    _readable: Archive | None = None  # the archive, or a copy of it, for the server's user
    _state = ""  # for a data directory without a label: the state it was left in

    @property
    def expected(self) -> int:
        chain = self._layout.chain if self._layout else ()
        return self.source.expected + sum(
            file.stat().st_size for place in chain for file in files_below(place)
        )

    @property
    def visible(self) -> list[Path]:
        return [self.options.archive] if self.options.archive else []

    def installations(self) -> list[Installation]:
        try:
            self._layout = found = layout(self.source.path, self.mark)
            major = found.major
        except BackupUnusable:  # reported when it is restored
            return [postgresql.installation()]
        one = postgresql.installation_of(major)
        if found.chain and not one.program(_COMBINE).exists():
            raise ToolMissing(_COMBINE, f"{one.bin} has none", f"install all programs of PostgreSQL {major}")
        return [one]

    def describe(self, scratch: Scratch) -> BackupDescribed:
        found = self._layout or layout(self.source.path, self.mark)
        self._layout = found
        archive = self._archive(found)
        if found.label is None:
            backup, self._state = control.describe(found.files, scratch)
        else:
            backup = describe(self.source.path, archive, found.files, incremental=bool(found.chain))
        self._backup = backup
        self._prepare(backup, archive, scratch)
        combined = tuple(place.name for place in (*found.chain, self.source.path)) if found.chain else None
        return BackupDescribed(
            NOW,
            format=found.files.format,
            combined_from=combined,
            state=self._state if found.label is None else None,
            label=backup.label or None,
            timeline=backup.timeline,
            first=show_lsn(backup.start),
            until=show_lsn(backup.stop) if backup.stop else None,
            started=backup.started.isoformat() if backup.started else None,
            ended=backup.ended.isoformat() if backup.ended else None,
            replayed_to="its own WAL's end" if self._as_it_is else str(self._target),
            archive=str(archive.directory) if archive else None,
            **read(BackupDescribed, found.facts),
        )

    def restore(self, scratch: Scratch, within: float, ended: Ended) -> Restoration:
        assert self._backup is not None and self._layout is not None
        forget(files_below(self.source.path))
        try:
            done = self._restored(self._backup, self._layout, scratch, within)
        except NotReady as error:
            raise Outlasted(str(error)) from error
        redo = done.recovery
        wal = redo.end - redo.start if redo.end is not None and redo.start is not None else 0
        elapsed, cpu = redo.elapsed_seconds or 0.0, redo.cpu_seconds or 0.0
        ended(events.CopyEnded(NOW, seconds=done.copying, bytes=done.bytes))
        replayed = events.ReplayEnded(
            NOW,
            seconds=done.replaying,
            wal_bytes=wal,
            redo_seconds=elapsed,
            redo_cpu_seconds=cpu,
            stopped=redo.stopped,
            segments_from_archive=len(redo.restored),
        )
        ended(replayed)
        seconds = done.copying + done.replaying
        points = events.RestoresMeasured(
            NOW,
            restores=(events.RestorePoint(done.bytes, seconds - elapsed),),
            replays=(events.ReplayPoint(wal, cpu, elapsed),),
        )
        return Restoration(seconds, done.bytes, points)

    def verify(self, scratch: Scratch) -> Verified:
        if self._backup is None or self._layout is None:
            return Verified("not verified", "the backup does not list its own files")
        beside = sums.verify(self.source.path)
        if beside is not None and beside.outcome == "faulty":
            return beside
        if manifest_in(self._backup.files) is None:
            said = f"{self._layout.facts.get('tool', 'this copy')} has no manifest of pg_basebackup's"
            return beside or Verified("not verified", f"{said}: its files cannot be verified")
        try:
            parts = [describe(place, incremental=True) for place in self._layout.chain]
            found = [verify_backup(backup, scratch.cluster.programs) for backup in (*parts, self._backup)]
        except BackupUnusable as error:
            return Verified("faulty", str(error))
        except MidnightError as error:
            return Verified("not verified", str(error))
        files, size = sum(one.verified.files for one in found), sum(one.verified.bytes for one in found)
        algorithms = ", ".join(sorted({name for one in found for name in one.verified.algorithms}))
        ours = f"midnight's reading of the manifest: {files} files, {algorithms}"
        also = f"; {beside.by}" if beside else ""
        return Verified(
            "verified", f"{ours}; {found[-1].tool}{also}", files, size, sum(one.seconds for one in found)
        )

    def evidence(self) -> list[Path]:
        place = self.source.path
        described = place.parent.parent / "meta" / f"{place.name}-backup.info"
        found = [place / MANIFEST, place / "data" / MANIFEST, place / "backup.info", described]
        named = [file for file in found if file.is_file()]
        return named or ([self.source.path] if self.source.path.is_file() else [])

    @property
    def _as_it_is(self) -> bool:
        """True if it is a data directory that only needs to be started: cleanly stopped, or an atomic snapshot."""
        return bool(self._state) and self._readable is None

    def _restored(self, backup: Backup, found: Layout, scratch: Scratch, within: float) -> Restored:
        cluster, settings = scratch.cluster, scratch.settings
        if self._as_it_is:
            return start_copy(found.files, cluster, settings, timeout=within)
        fill = _combining(found, scratch, within) if found.chain else None
        return restore(
            backup,
            cluster,
            self._target,
            archive=self._readable,
            settings=settings,
            verify=False,
            bare=True,
            fill=fill,
            timeout=within,
        )

    def _archive(self, found: Layout) -> Archive | None:
        place = self.options.archive or found.wals
        if place is None:
            return None
        own = found.files.segments()
        if own:
            return Archive(place, found.files.segment_size())
        return Archive(place, found.segment_size or _segment_size(place))

    def _prepare(self, backup: Backup, archive: Archive | None, scratch: Scratch) -> None:
        """Decide where the restore ends, and make the archive readable for the server's user."""
        if archive is None:
            return
        cluster = scratch.cluster
        if self.options.archive is None or staged_wal.needed(archive):
            archive = staged_wal.stage(archive, backup, scratch, self.mark)
        holdings = archive.holds()
        timeline = max((backup.timeline, *holdings.histories))
        along = check_restorable(backup, replace(at_backups_end(), timeline=timeline), archive)
        _refuse_holes(backup, archive, holdings, along)
        if not _can_read(cluster.user, archive):
            archive = staged_wal.stage(archive, backup, scratch, self.mark)
        self._readable = archive
        end = last_record(cluster.programs, archive, along, backup.start)
        self._target = at_lsn(end, timeline=timeline)
        if backup.stop is not None and end < backup.stop:
            if not backup.files.segments():
                raise BackupUnusable(
                    f"the archive {archive.directory} ends at {show_lsn(end)}, before the backup's end, "
                    f"{show_lsn(backup.stop)}"
                )
            self._target = replace(at_backups_end(), timeline=timeline)


def _segment_size(place: Path) -> int:
    """The size of most segments in the archive: a truncated one must not decide."""
    try:
        sizes = [file.stat().st_size for file in place.iterdir() if SEGMENT.fullmatch(file.name)]
    except OSError as error:
        raise BackupUnusable(f"the archive {place} cannot be read: {error}") from error
    possible = [size for size in sizes if size in _SEGMENT_SIZES]
    return max(set(possible), key=possible.count, default=SEGMENT_SIZE)


def _refuse_holes(backup: Backup, archive: Archive, holdings: Holdings, along: Timelines) -> None:
    """Nothing is replayed past a gap, and PostgreSQL would not report it."""
    first = backup.start // archive.segment_size
    behind = [
        name
        for name in (*holdings.gaps(), *holdings.truncated)
        if (one := segment(name, archive.segment_size)).number >= first and one.timeline in along.numbers()
    ]
    if behind:
        whole = "are missing or incomplete" if len(behind) > 1 else "is missing or incomplete"
        raise BackupUnusable(
            f"WAL segment {', '.join(sorted(behind)[:_SHOWN])} {whole} in the archive {archive.directory}: "
            "everything written after it is lost"
        )


def _can_read(user: SystemUser | None, archive: Archive) -> bool:
    files = [str(file) for file in archive.directory.iterdir() if SEGMENT.fullmatch(file.name)]
    if user is None or not files:
        return True
    command = ["/bin/sh", "-c", 'test -r "$1"', "sh", max(files)]
    return subprocess.run(command, check=False, cwd="/", **identity(user)).returncode == 0


def _combining(found: Layout, scratch: Scratch, within: float) -> Callable[[Path], int]:
    def fill(data: Path) -> int:
        data.rmdir()  # it creates the directory itself
        parts = [str(place) for place in (*found.chain, found.files.base)]
        # As midnight's own user, because the server's user may not be able to read the backups.
        programs = replace(scratch.cluster.programs, user=None)
        try:
            code, said = programs.run(_COMBINE, *parts, "-o", data, timeout=within)
        except TargetError as error:
            raise Outlasted(str(error)) from error
        if "No space left" in said:
            raise Lacking(f"the scratch disk is full: {said.strip()}")
        if code != 0:
            raise BackupUnusable(f"{_COMBINE} cannot combine the chain: {said.strip()}")
        return sum(file.stat().st_size for file in files_below(data))

    return fill
