"""A backup and its archive are restored to a stated point."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest

from chaos.errors import BackupUnusable
from chaos.postgres.archive import Archive, archive_now
from chaos.postgres.backup import describe, take_backup
from chaos.postgres.cluster import Cluster
from chaos.postgres.following import verify_following, written
from chaos.postgres.promote import promote, timeline
from chaos.postgres.restore import Restored, restore
from chaos.postgres.standby import Standby
from chaos.postgres.target import Target, at_backups_end, at_lsn, at_name, at_time, at_xid
from chaos.postgres.wal import Timelines
from chaos.postgres.wal_end import last_record
from tests.postgres.archived import History
from tests.postgres.servers import SEGMENT_SIZE, Servers, ask, execute, insert, rows

pytestmark = [pytest.mark.real, pytest.mark.full]

BEFORE_DELETE = list(range(1, 301))
AFTER_DELETE = list(range(151, 301))
AT_THE_END = list(range(151, 501))


@contextmanager
def restored(history: History, target: Target, *, verify: bool = False) -> Iterator[tuple[Cluster, Restored]]:
    into = history.servers.cluster()
    done = restore(history.backup, into, target, archive=history.archive, verify=verify)
    try:
        yield into, done
    finally:
        into.stop("immediate")
        shutil.rmtree(into.data)


TARGETS: dict[str, tuple[Callable[[History], Target], list[int]]] = {
    "time": (lambda history: at_time(history.instant), BEFORE_DELETE),
    "lsn": (lambda history: at_lsn(history.place, inclusive=False), BEFORE_DELETE),
    "before xid": (lambda history: at_xid(history.delete, inclusive=False), BEFORE_DELETE),
    "xid": (lambda history: at_xid(history.delete), AFTER_DELETE),
    "name": (lambda _: at_name("release"), BEFORE_DELETE),
    "immediate": (lambda _: at_backups_end(), list(range(1, 101))),
}


@pytest.mark.parametrize("name", TARGETS)
def test_exactly_the_rows_of_that_point_are_back(history: History, name: str) -> None:
    make, wanted = TARGETS[name]
    with restored(history, make(history)) as (into, done):
        assert rows(into) == wanted
        assert done.recovery.stopped.startswith("recovery stopping")
        assert timeline(into, history.access) == done.recovery.timeline == 2


def test_a_restore_reports_its_cost_and_its_end_and_archives_nothing(history: History) -> None:
    held = history.archive.holds()
    with restored(history, at_time(history.instant), verify=True) as (into, done):
        assert min(done.copying, done.replaying) > 0
        assert done.verification is not None
        assert done.verification.verified.algorithms == ("SHA256",)
        assert done.bytes > 5_000_000
        found = done.recovery
        assert found.start is not None
        assert found.end is not None
        assert history.backup.start <= found.start < found.end < written(history.primary, history.access)
        assert found.last_transaction is not None
        assert found.last_transaction <= history.instant
        assert found.elapsed_seconds is not None
        assert found.cpu_seconds is not None
        assert set(found.restored) <= set(held.segments)
        insert(into, 1001, 1100)
        execute(into, "SELECT pg_switch_wal()")
        execute(into, "CHECKPOINT")
        assert history.archive.holds() == held
        assert ask(into, "SHOW archive_mode") == "off"


def test_a_restore_to_the_last_record_brings_back_all_that_the_archive_holds(history: History) -> None:
    end = last_record(history.primary.programs, history.archive, Timelines((), 1), history.backup.start)
    with restored(history, at_lsn(end)) as (into, _):
        assert rows(into) == AT_THE_END


def test_a_tar_is_restored_like_a_plain_backup(history: History) -> None:
    into = history.servers.cluster()
    done = restore(history.tar, into, at_xid(history.delete, inclusive=False), archive=history.archive)
    assert rows(into) == BEFORE_DELETE
    assert done.bytes > 5_000_000
    into.stop()


def test_a_backup_alone_is_restored_to_its_end_without_an_archive(history: History) -> None:
    into = history.servers.cluster()
    restore(history.backup, into, at_backups_end(), verify=False)
    assert rows(into) == list(range(1, 101))
    into.stop()


def test_the_archive_gives_the_time_a_backup_ended(history: History) -> None:
    backup = describe(history.backup.files.place, history.archive)
    assert backup.ended is not None
    assert history.backup.ended is not None
    assert abs(history.backup.ended - backup.ended) < timedelta(seconds=60)


def test_a_restore_goes_along_the_timeline_of_a_failover(servers: Servers) -> None:
    archive = Archive(servers.place / "two", SEGMENT_SIZE)
    primary, access = servers.primary(archive.settings(every=60))
    archive.make(primary.user)
    standby = servers.standby(primary, access).cluster
    backup = take_backup(primary, access, servers.place / "before", label="before", durable=False)
    insert(primary, 1, 100)
    archive_now(primary, access, archive)
    verify_following(primary, Standby(standby, "", "", standby.data.name), access)
    primary.stop()
    promote(standby, access)
    insert(standby, 101, 200)
    place = written(standby, access)
    archive_now(standby, access, archive)
    into = servers.cluster()
    done = restore(backup, into, at_lsn(place, timeline=2), archive=archive, verify=False)
    assert rows(into) == list(range(1, 201))
    assert done.recovery.timeline == 3
    elsewhere = servers.cluster()
    # The old timeline ended before: there the same place is never reached, or its segment is missing.
    with pytest.raises(BackupUnusable, match=r"missing in|never reached"):
        restore(backup, elsewhere, at_lsn(place), archive=archive, verify=False)
