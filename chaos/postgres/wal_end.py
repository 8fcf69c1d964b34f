"""Find the end of the archived WAL: the last point that can be recovered to."""

from __future__ import annotations

import re

from chaos.errors import BackupUnusable
from chaos.postgres.archive import Archive
from chaos.postgres.programs import Programs
from chaos.postgres.wal import Lsn, Segment, Timelines, lsn

_RECORD = re.compile(r"^rmgr: .*? lsn: ([0-9A-F]+/[0-9A-F]+),", re.MULTILINE)
_TIMEOUT = 120.0


def last_record(programs: Programs, archive: Archive, along: Timelines, first: Lsn) -> Lsn:
    """The start of the last record that can be replayed from `first` on: as a target, the archive's end.

    Raises BackupUnusable if the archive contains nothing from there.
    """
    held = _unbroken(archive, along, first)
    for segment in reversed(held):
        # It ends with an error at the end of the file's records, which is the point sought.
        _, said = programs.run("pg_waldump", archive.directory / segment.name, timeout=_TIMEOUT)
        if found := _RECORD.findall(said):
            return lsn(found[-1])
    raise BackupUnusable(f"the archive {archive.directory} contains no WAL from {first:X} on")


def _unbroken(archive: Archive, along: Timelines, first: Lsn) -> list[Segment]:
    segments = archive.holds().segments
    newest = max((held.segment.number for held in segments.values()), default=-1)
    found: list[Segment] = []
    for one in along.segments(first, (newest + 1) * archive.segment_size - 1, archive.segment_size):
        if one.name not in segments:
            break
        found.append(one)
    return found
