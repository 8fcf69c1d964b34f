"""Measure how fast this machine restores: take and restore backups of several sizes, timing copy and replay apart."""

from __future__ import annotations

import secrets
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from chaos.errors import TargetError
from chaos.host.page_cache import drop_all, files_below
from chaos.host.ports import PortTaken, free_port
from chaos.host.privileges import SystemUser, give
from chaos.postgres.access import Access, grant_access
from chaos.postgres.archive import Archive, archive_now
from chaos.postgres.backup import Backup, take_backup
from chaos.postgres.cluster import Cluster
from chaos.postgres.connection import connect
from chaos.postgres.installation import Installation
from chaos.postgres.restore import Restored, restore
from chaos.postgres.settings import Settings
from chaos.postgres.target import at_name
from chaos.record.event import NOW
from chaos.spec.units import show_seconds

if TYPE_CHECKING:
    from chaos.record.events import RestoresMeasured

SIZES = (16 << 20, 32 << 20, 64 << 20, 96 << 20, 128 << 20)
"""Bytes of rows, each size on top of an empty cluster."""

REPEATS = 3
"""Restores of each backup: results scatter, and more points narrow the line's confidence interval."""

MOST_OF_THE_DISK = 0.5  # of the free space
_NEEDED = (
    5  # times the largest size: the primary, a backup, a restore, the archive, and what is being written
)
_EMPTY = 100 << 20  # maximum bytes of a cluster without rows, including its first WAL
_ATTEMPTS = 5  # on a port reserved meanwhile
_ROW = 1000  # bytes, including page overhead
_CHUNK = 50_000  # rows per statement, which must end before midnight's own time limit

_FILLED: Settings = {
    # Nothing of this cluster needs to survive: only its restores are timed, and those sync what they write.
    "fsync": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "1h",
}
_RESTORED: Settings = {"fsync": "on", "full_page_writes": "on"}


@dataclass(frozen=True, slots=True)
class Measurement:
    """One restore: bytes copied and all seconds except the redo's; bytes of WAL and the redo's seconds."""

    bytes: int
    seconds: float
    copying: float
    wal_bytes: int
    redo_seconds: float
    redo_cpu_seconds: float


def measure(
    installation: Installation,
    place: Path,
    *,
    user: SystemUser | None,
    mark: str,
    sizes: Sequence[int] = SIZES,
    repeats: int = REPEATS,
    within: float = 600.0,
    said: Callable[[Measurement], None] = lambda _: None,
) -> RestoresMeasured:
    """Fill, back up, drop caches and restore, for each of the ascending `sizes`, below the new directory `place`.

    After `within` seconds no further size is started, and `because` says so. Raises TargetError, also if half the
    free disk is not enough; however it ends, no server is left running and `place` is gone.
    """
    _refuse_what_does_not_fit(place.parent, max(sizes))
    place.mkdir(mode=0o755)
    began = time.monotonic()
    filling: _Filling | None = None
    try:
        give(place, user)
        filling = _Filling(installation, place, user, mark)
        found: list[Measurement] = []
        because = ""
        for number, size in enumerate(sizes):
            if time.monotonic() - began > within:
                because = f"{number} of {len(sizes)} sizes were measured within {show_seconds(within)}"
                break
            following = sizes[number + 1] if number + 1 < len(sizes) else 2 * size
            for one in filling.restores(number, size, following, repeats):
                found.append(one)
                said(one)
        return _told(found, because, filling.caches, installation.version)
    finally:
        if filling is not None:
            filling.primary.stop("immediate")
        shutil.rmtree(place, ignore_errors=True)


class _Filling:
    """A growing primary with an archive."""

    def __init__(self, installation: Installation, place: Path, user: SystemUser | None, mark: str) -> None:
        self._place = place
        self._rows = 0
        self.caches = ""
        self._archive = Archive(place / "archive")
        self._archive.make(user)
        self.primary = self._cluster(installation, "primary", user, mark)
        password = secrets.token_hex(16)
        self.primary.init(password=password, settings={**_FILLED, **self._archive.settings(every=3600)})
        _start(self.primary)
        self._access: Access = grant_access(self.primary, password, place / "pgpass")
        self._execute("CREATE TABLE filled (n bigint, filling text) WITH (autovacuum_enabled = off)")

    def restores(self, number: int, size: int, following: int, repeats: int) -> Iterator[Measurement]:
        """Back up at `size` bytes of rows; the WAL to replay comes from growing on to `following`."""
        self._grow_to(size)
        place = self._place / f"backup-{number}"
        backup = take_backup(self.primary, self._access, place, label=place.name)
        self._grow_to(following)
        point = f"grown_{number}"
        self._execute(f"SELECT pg_create_restore_point('{point}')")
        archive_now(self.primary, self._access, self._archive, timeout=120.0)
        for repeat in range(repeats):
            yield self._restore(backup, f"restored-{number}-{repeat}", point)
        shutil.rmtree(place)

    def _restore(self, backup: Backup, name: str, point: str) -> Measurement:
        into = self._cluster(self.primary.installation, name, self.primary.user, self.primary.mark)
        self.caches = drop_all([*files_below(backup.files.place), *files_below(self._archive.directory)])
        try:
            return _measurement(self._restored(backup, into, point))
        finally:
            into.stop("immediate")
            shutil.rmtree(into.data, ignore_errors=True)

    def _restored(self, backup: Backup, into: Cluster, point: str) -> Restored:
        for attempt in range(_ATTEMPTS):
            into.port = free_port()
            try:
                return restore(
                    backup, into, at_name(point), archive=self._archive, settings=_RESTORED, verify=False
                )
            except PortTaken:
                if attempt == _ATTEMPTS - 1:
                    raise
        raise AssertionError

    def _grow_to(self, size: int) -> None:
        while (missing := size // _ROW - self._rows) > 0:
            first, count = self._rows + 1, min(missing, _CHUNK)
            self._execute(
                "INSERT INTO filled SELECT n, repeat(md5(n::text), 29)"
                f" FROM generate_series({first}, {first + count - 1}) AS n"
            )
            self._rows += count

    def _execute(self, statement: str) -> None:
        with connect(self._access.dsn(self.primary)) as connection:
            connection.execute(statement.encode())

    def _cluster(self, installation: Installation, name: str, user: SystemUser | None, mark: str) -> Cluster:
        log = self._place / f"{name}.log"
        return Cluster(installation, self._place / name, free_port(), user=user, mark=mark, log=log)


def _start(cluster: Cluster) -> None:
    for attempt in range(_ATTEMPTS):
        try:
            cluster.start()
            return
        except PortTaken:
            if attempt == _ATTEMPTS - 1:
                raise
            cluster.port = free_port()


def _measurement(restored: Restored) -> Measurement:
    redo = restored.recovery
    if None in (redo.start, redo.end, redo.elapsed_seconds, redo.cpu_seconds):
        raise TargetError("the restored server did not log its redo time")
    assert redo.start is not None and redo.end is not None
    assert redo.elapsed_seconds is not None and redo.cpu_seconds is not None
    return Measurement(
        bytes=restored.bytes,
        seconds=restored.copying + restored.replaying - redo.elapsed_seconds,
        copying=restored.copying,
        wal_bytes=redo.end - redo.start,
        redo_seconds=redo.elapsed_seconds,
        redo_cpu_seconds=redo.cpu_seconds,
    )


def _told(found: Sequence[Measurement], because: str, caches: str, server: str) -> RestoresMeasured:
    cpu = sum(each.redo_cpu_seconds for each in found)
    from chaos.record.events import (  # slow: makes seventy classes, and a plan needs none
        ReplayPoint,
        RestorePoint,
        RestoresMeasured,
    )

    return RestoresMeasured(
        NOW,
        restores=tuple(RestorePoint(each.bytes, each.seconds, each.copying) for each in found),
        replays=tuple(
            ReplayPoint(each.wal_bytes, each.redo_cpu_seconds, each.redo_seconds) for each in found
        ),
        replay_bytes_per_cpu_second=sum(each.wal_bytes for each in found) / cpu if cpu else None,
        because=because,
        caches=caches,
        server=server,
    )


def _refuse_what_does_not_fit(place: Path, largest: int) -> None:
    wanted, free = _NEEDED * (largest + _EMPTY), shutil.disk_usage(place).free
    if wanted > free * MOST_OF_THE_DISK:
        raise TargetError(
            f"measuring restores would take {wanted / 1e9:.1f} GB, more than half of the free space in {place} "
            f"({free / 1e9:.1f} GB)"
        )
