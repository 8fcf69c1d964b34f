"""Find reasons why a restore cannot succeed before starting it."""

from __future__ import annotations

from chaos.errors import BackupUnusable
from chaos.postgres.archive import Archive, Holdings
from chaos.postgres.backup import Backup
from chaos.postgres.target import Target
from chaos.postgres.wal import Lsn, Timelines, show_lsn

_SHOWN = 3  # segments named in an error


def check_restorable(backup: Backup, target: Target, archive: Archive | None) -> Timelines:
    """The timelines the restore follows. Raises BackupUnusable with the reason why it is impossible.

    The WAL position of a time, a transaction or a name is not known in advance: for these, only the WAL up to the
    backup's end is required. The server itself refuses to end before such a target, and before the end of a backup
    without a manifest to record it.
    """
    _refuse_before_the_end(backup, target)
    stop = backup.stop if backup.stop is not None else backup.start + 1
    holdings = archive.holds() if archive else Holdings({}, {}, (), ())
    along = _timelines(backup, target, holdings, stop)
    # To the byte before, because an end on a segment's border needs nothing of the next segment.
    last = max(stop - 1, target.lsn or 0)
    if archive is not None or backup.files.segments():
        _refuse_missing(backup, along, holdings, archive, last)
    else:
        raise BackupUnusable(f"{backup.files.place} contains no WAL, and no archive is given")
    return along


def _refuse_before_the_end(backup: Backup, target: Target) -> None:
    # The server does so only if a transaction ended meanwhile; otherwise it considers the target reached.
    ended = backup.ended or backup.started
    if target.time is not None and ended is not None and target.time < ended:
        raise BackupUnusable(f"{target} is before the backup's end, {ended.isoformat()}: use an older backup")
    if target.lsn is not None and backup.stop is not None and target.lsn < backup.stop:
        raise BackupUnusable(
            f"{target} is before the backup's end, {show_lsn(backup.stop)}: use an older backup"
        )


def _timelines(backup: Backup, target: Target, holdings: Holdings, stop: Lsn) -> Timelines:
    wanted = target.timeline or backup.timeline
    if wanted == backup.timeline and wanted not in holdings.histories:
        return Timelines((), wanted)
    along = holdings.timelines(wanted)
    if backup.timeline not in along.numbers():
        ancestors = ", ".join(str(number) for number in along.numbers())
        raise BackupUnusable(
            f"wrong timeline: the backup is on timeline {backup.timeline}, and timeline {wanted} "
            f"descends from {ancestors}"
        )
    end = along.ends(backup.timeline)
    if end is not None and end < stop:
        raise BackupUnusable(
            f"wrong timeline: timeline {wanted} left timeline {backup.timeline} at {show_lsn(end)}, "
            f"before the backup's end, {show_lsn(stop)}"
        )
    return along


def _refuse_missing(
    backup: Backup, along: Timelines, holdings: Holdings, archive: Archive | None, last: Lsn
) -> None:
    size = archive.segment_size if archive else backup.files.segment_size()
    needed = [one.name for one in along.segments(backup.start, last, size)]
    own = backup.files.segments()
    missing = [name for name in needed if name not in own and name not in holdings.segments]
    if not missing:
        return
    where = archive.directory if archive else backup.files.place
    short = [name for name in missing if name in holdings.truncated]
    if short:
        raise BackupUnusable(f"WAL segment {short[0]} in {where} is incomplete: it must have {size} bytes")
    more = f" and {len(missing) - _SHOWN} more" if len(missing) > _SHOWN else ""
    raise BackupUnusable(
        f"{len(missing)} of {len(needed)} WAL segments from the backup's start to {show_lsn(last)} are "
        f"missing in {where}: {', '.join(missing[:_SHOWN])}{more}"
    )
