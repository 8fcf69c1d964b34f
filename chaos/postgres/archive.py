"""A WAL archive in a directory: how a server fills it, and what it really holds."""

from __future__ import annotations

import shlex
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from chaos.errors import BackupUnusable
from chaos.host.privileges import SystemUser, give
from chaos.postgres.access import Access
from chaos.postgres.cluster import Cluster
from chaos.postgres.connection import ask
from chaos.postgres.settings import Settings
from chaos.postgres.wal import HISTORY, SEGMENT, Segment, Timelines, segment, timelines
from chaos.spec.units import show_seconds

SEGMENT_SIZE = 16 << 20  # bytes, the default of initdb

_POLL = 0.05


@dataclass(frozen=True, slots=True)
class Held:
    """One segment in the archive."""

    segment: Segment
    size: int  # bytes of the file
    at: datetime  # when it was stored


@dataclass(frozen=True, slots=True)
class Holdings:
    """The archive's contents at one moment: whole segments by name, timeline histories, the rest."""

    segments: Mapping[str, Held]
    histories: Mapping[int, str]
    truncated: tuple[str, ...]  # segments of another size than they must have
    others: tuple[str, ...]

    def newest(self, timeline: int | None = None) -> Held | None:
        """The last segment of `timeline`, or of the newest one; None if there is none."""
        found = [held for held in self.segments.values() if timeline in (None, held.segment.timeline)]
        return max(found, key=lambda held: held.segment, default=None)

    def gaps(self) -> list[str]:
        """Gaps by timeline: missing segments with one present before and one after."""
        missing = []
        for timeline in sorted({held.segment.timeline for held in self.segments.values()}):
            there = sorted(h.segment for h in self.segments.values() if h.segment.timeline == timeline)
            for number in range(there[0].number, there[-1].number):
                name = Segment(timeline, number, there[0].size).name
                if name not in self.segments:
                    missing.append(name)
        return missing

    def timelines(self, last: int) -> Timelines:
        """The path from the first timeline to `last`. Raises BackupUnusable if its history is missing."""
        if last != 1 and last not in self.histories:
            known = ", ".join(str(one) for one in sorted({1, *self.histories}))
            raise BackupUnusable(
                f"wrong timeline: the archive has no history of timeline {last}; known: {known}"
            )
        return timelines(last, self.histories.get(last, ""))


@dataclass(frozen=True, slots=True)
class Archive:
    """An archive in `directory`, of a cluster with WAL segments of `segment_size` bytes."""

    directory: Path
    segment_size: int = SEGMENT_SIZE

    def make(self, owner: SystemUser | None) -> None:
        """Create the directory, accessible to `owner` only."""
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        give(self.directory, owner)

    def settings(self, *, every: int) -> Settings:
        """A server's settings to archive here: each full segment, and a partly filled one after `every` seconds."""
        return {"archive_mode": "on", "archive_command": self.archive_command, "archive_timeout": every}

    @property
    def archive_command(self) -> str:
        """A command that exits with 0 only once the segment is stored durably under its name.

        As PostgreSQL's manual requires (Continuous Archiving, "Setting Up WAL Archiving"): it never overwrites, and
        accepts an existing file only if it is identical.
        """
        place, new = self._quoted("%f"), self._quoted(".%f.new")
        store = f"cp %p {new} && sync {new} && mv {new} {place} && sync {self._quoted('')}"
        return f"if test -e {place}; then cmp -s %p {place} && sync {place}; else {store}; fi"

    @property
    def restore_command(self) -> str:
        # A server continues writing in the last segment, and an archive may keep read-only files.
        return f"cp {self._quoted('%f')} %p && chmod 600 %p"

    def _quoted(self, name: str) -> str:
        directory = str(self.directory).replace("%", "%%")
        return shlex.quote(f"{directory}/{name}")

    def holds(self) -> Holdings:
        """The current contents. Raises BackupUnusable if the directory cannot be read."""
        segments: dict[str, Held] = {}
        histories: dict[int, str] = {}
        truncated, others = [], []
        try:
            for file in sorted(self.directory.iterdir()):
                facts = file.stat()
                if HISTORY.fullmatch(file.name):
                    histories[int(file.name[:8], 16)] = file.read_text()
                elif not SEGMENT.fullmatch(file.name):
                    others.append(file.name)
                elif facts.st_size != self.segment_size:
                    truncated.append(file.name)
                else:
                    at = datetime.fromtimestamp(facts.st_mtime, UTC)
                    segments[file.name] = Held(segment(file.name, self.segment_size), facts.st_size, at)
        except OSError as error:
            raise BackupUnusable(f"the archive {self.directory} cannot be read: {error}") from error
        return Holdings(segments, histories, tuple(truncated), tuple(others))


def verify_archiving(server: Cluster, access: Access, archive: Archive) -> None:
    """Compare what the server believes to be archived with what exists.

    Raises BackupUnusable if the last archived file is not in the archive, or if archiving fails.
    """
    last, count, failed, failing = ask(
        access.dsn(server),
        "SELECT last_archived_wal, archived_count, last_failed_wal,"
        " coalesce(last_failed_time > coalesce(last_archived_time, '-infinity'), false)"
        " FROM pg_stat_archiver",
    )
    holdings = archive.holds()
    if failing:
        raise BackupUnusable(f"archiving fails: archive_command could not store {failed}")
    if last is not None and not (archive.directory / last).is_file():
        raise BackupUnusable(
            f"archive_command lies: {count} files reported as archived, the last one {last}, "
            f"but {archive.directory} does not contain it"
        )
    if last in holdings.truncated:
        size = (archive.directory / last).stat().st_size
        raise BackupUnusable(f"archive_command lies: {last} has {size} bytes, not {archive.segment_size}")


def archive_now(server: Cluster, access: Access, archive: Archive, *, timeout: float = 30.0) -> Held:
    """Switch to a new segment, and return once the previous one is in the archive.

    Raises BackupUnusable, with the cause, after `timeout` seconds.
    """
    (name,) = ask(
        access.dsn(server), "SELECT pg_walfile_name(pg_switch_wal() - 1)"
    )  # the last byte written belongs to the segment that was closed
    deadline = time.monotonic() + timeout
    while (held := archive.holds().segments.get(str(name))) is None:
        if time.monotonic() >= deadline:
            verify_archiving(server, access, archive)
            raise BackupUnusable(f"{name} was not archived within {show_seconds(timeout)}")
        time.sleep(_POLL)
    return held
