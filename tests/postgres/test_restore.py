"""A backup and its archive are restored to a stated point, or the reason why not is said."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from chaos.errors import BackupUnusable, TargetError
from chaos.host.processes import marked
from chaos.postgres.archive import Archive, archive_now
from chaos.postgres.backup import describe, take_backup
from chaos.postgres.cluster import Cluster
from chaos.postgres.following import verify_following, written
from chaos.postgres.promote import promote, timeline
from chaos.postgres.restorable import check_restorable
from chaos.postgres.restore import Restored, restore
from chaos.postgres.standby import Standby
from chaos.postgres.target import Target, at_backups_end, at_lsn, at_name, at_time, at_xid
from chaos.postgres.wal import Timelines
from chaos.postgres.wal_end import last_record
from tests.postgres.servers import SEGMENT_SIZE, Servers, ask, execute, insert, rows

pytestmark = [pytest.mark.real, pytest.mark.full]


BEFORE_DELETE = list(range(1, 301))
AFTER_DELETE = list(range(151, 301))
AT_THE_END = list(range(151, 501))


class History:
    """A primary with a backup, an archive, and a delete at a known place."""

    def __init__(self, servers: Servers) -> None:
        self.servers = servers
        self.archive = Archive(servers.place / "archive", SEGMENT_SIZE)
        self.primary, self.access = servers.primary(self.archive.settings(every=60))
        self.archive.make(self.primary.user)
        insert(self.primary, 1, 100)
        self.begun = self.now()
        self.backup = take_backup(
            self.primary, self.access, servers.place / "backup", label="nightly", durable=False
        )
        self.tar = take_backup(
            self.primary, self.access, servers.place / "tar", label="tar", format="tar", durable=False
        )
        for first in (101, 201):
            insert(self.primary, first, first + 99)
            self.middle = self.store()  # in the end the one that holds rows 201 to 300
        execute(self.primary, "SELECT pg_create_restore_point('release')")
        self.place = written(self.primary, self.access)
        self.instant = self.now()
        self.delete = int(
            ask(self.primary, "WITH gone AS (DELETE FROM kept WHERE n <= 150) SELECT txid_current()")
        )
        self.store()
        for first in (301, 401):
            insert(self.primary, first, first + 99)
            self.store()

    def now(self) -> datetime:
        found = ask(self.primary, "SELECT clock_timestamp()")
        assert isinstance(found, datetime)
        return found

    def store(self) -> str:
        """The name of the segment that is archived now."""
        return archive_now(self.primary, self.access, self.archive).segment.name


@pytest.fixture(scope="module")
def history(servers: Servers) -> History:
    return History(servers)


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


def refused(
    history: History, target: Target, archive: Archive | None = None, *, beforehand: bool = False
) -> str:
    """What is said; nothing may be left of the attempt, and no server was started if `beforehand`."""
    into = history.servers.cluster()
    with pytest.raises(BackupUnusable) as error:
        restore(history.backup, into, target, archive=archive or history.archive, verify=False)
    assert not into.data.exists()
    assert marked(into.mark) == []
    assert into.log.exists() != beforehand
    return str(error.value)


def test_a_target_in_the_future_is_never_reached_and_the_server_is_quoted(history: History) -> None:
    said = refused(history, at_time(datetime.now(UTC) + timedelta(days=1)))
    assert "the target was never reached" in said
    assert "recovery ended before configured recovery target was reached" in said
    assert "the last transaction recovered is from" in said


def test_a_target_before_the_backups_end_is_refused_before_the_restore(history: History) -> None:
    assert "before the backup's end" in refused(history, at_time(history.begun), beforehand=True)
    assert "before the backup's end" in refused(history, at_lsn(history.backup.start), beforehand=True)


@pytest.mark.parametrize("zone", ["UTC", "CET"])
def test_a_backup_without_an_end_or_a_zone_is_still_not_used_for_a_time_before_it(
    history: History, zone: str
) -> None:
    place = history.servers.place / f"zone-{zone}"
    shutil.copytree(history.backup.files.place, place)
    label = place / "backup_label"
    label.write_text(label.read_text().replace(" UTC", f" {zone}"))
    backup = describe(place)
    assert backup.ended is None
    with pytest.raises(BackupUnusable, match="before the backup's end"):
        check_restorable(backup, at_time(history.begun - timedelta(seconds=2)), history.archive)


def test_a_time_within_a_backup_of_unknown_end_is_detected_after_the_restore(history: History) -> None:
    execute(history.primary, "CREATE TABLE during (at timestamptz)")
    done = threading.Event()
    times: list[datetime] = []

    def write() -> None:
        while not done.is_set():
            times.append(ask(history.primary, "INSERT INTO during VALUES (clock_timestamp()) RETURNING at"))

    writer = threading.Thread(target=write)
    writer.start()
    try:
        place = history.servers.place / "during"
        backup = take_backup(history.primary, history.access, place, label="during", durable=False)
    finally:
        done.set()
        writer.join()
    history.store()
    assert backup.ended is not None
    amid = [at for at in times if at < backup.ended]
    into = history.servers.cluster()
    unknown = replace(backup, started=None, ended=None)
    with pytest.raises(BackupUnusable, match=r"is before the backup's end; PostgreSQL says"):
        # Amid its writes: there are some before, and some after, up to its end.
        restore(unknown, into, at_time(amid[-len(amid) // 4]), archive=history.archive, verify=False)
    assert not into.data.exists()


def test_the_archive_gives_the_time_a_backup_ended(history: History) -> None:
    backup = describe(history.backup.files.place, history.archive)
    assert backup.ended is not None
    assert history.backup.ended is not None
    assert abs(history.backup.ended - backup.ended) < timedelta(seconds=60)


@pytest.fixture
def broken(history: History) -> Iterator[Archive]:
    """A copy of the archive, to be broken."""
    place = history.servers.place / "broken"
    shutil.copytree(history.archive.directory, place)
    for path in (place, *place.iterdir()):
        if history.primary.user is not None:
            shutil.chown(path, history.primary.user.uid, history.primary.user.gid)
    yield Archive(place, SEGMENT_SIZE)
    shutil.rmtree(place)


def test_a_missing_segment_before_an_lsn_is_named_before_the_restore(
    history: History, broken: Archive
) -> None:
    segment = broken.directory / history.middle
    segment.unlink()
    said = refused(history, at_lsn(history.place), broken, beforehand=True)
    assert "1 of" in said
    assert f"missing in {broken.directory}: {segment.name}" in said


def test_a_missing_segment_before_a_time_is_not_a_silent_success(history: History, broken: Archive) -> None:
    segment = broken.directory / history.middle
    segment.unlink()
    said = refused(history, at_time(history.instant), broken)
    assert "the target was never reached" in said
    assert f"missing or incomplete in the archive: {segment.name}" in said


def test_a_corrupt_segment_is_not_a_silent_success(history: History, broken: Archive) -> None:
    segment = broken.directory / history.middle
    content = bytearray(segment.read_bytes())
    content[40:4000] = bytes(reversed(content[40:4000]))
    segment.write_bytes(content)
    said = refused(history, at_time(history.instant), broken)
    assert "the target was never reached" in said
    assert "invalid" in said or "incorrect" in said or "unexpected" in said


def test_a_truncated_segment_is_named(history: History, broken: Archive) -> None:
    segment = broken.directory / history.middle
    segment.write_bytes(segment.read_bytes()[:1000])
    assert f"WAL segment {segment.name} in {broken.directory} is incomplete" in refused(
        history, at_lsn(history.place), broken, beforehand=True
    )


def test_a_timeline_that_the_archive_does_not_know_is_refused(history: History) -> None:
    said = refused(history, at_time(history.instant, timeline=7), beforehand=True)
    assert "wrong timeline: the archive has no history of timeline 7; known: 1" in said


def test_a_timeline_that_left_before_the_backups_end_is_refused(history: History, broken: Archive) -> None:
    (broken.directory / "00000002.history").write_text("1\t0/100000\tno recovery target specified\n")
    said = refused(history, at_time(history.instant, timeline=2), broken, beforehand=True)
    assert "wrong timeline: timeline 2 left timeline 1 at 0/100000, before the backup's end" in said


def test_a_truncated_backup_is_refused_by_its_manifest_before_anything_is_copied(history: History) -> None:
    place = history.servers.place / "short"
    shutil.copytree(history.backup.files.place, place)
    (place / "global" / "pg_control").write_bytes(b"")
    into = history.servers.cluster()
    with pytest.raises(BackupUnusable, match="global/pg_control has 0 bytes, not 8192"):
        restore(describe(place), into, at_time(history.instant), archive=history.archive)
    assert not into.data.exists()


def test_a_directory_that_holds_something_is_kept(history: History) -> None:
    into = history.servers.cluster()
    into.make_directory()
    (into.data / "somebody's").touch()
    with pytest.raises(TargetError, match="needs an empty directory"):
        restore(history.backup, into, at_backups_end(), verify=False)
    assert (into.data / "somebody's").exists()


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="needs a time zone"):
        at_time(datetime(2026, 1, 1))


@pytest.mark.full
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
