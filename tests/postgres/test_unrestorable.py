"""A restore that cannot reach its point says why, and leaves nothing."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from chaos.errors import BackupUnusable, TargetError
from chaos.host.processes import marked
from chaos.postgres.archive import Archive
from chaos.postgres.backup import describe, take_backup
from chaos.postgres.restorable import check_restorable
from chaos.postgres.restore import restore
from chaos.postgres.target import Target, at_backups_end, at_lsn, at_time
from tests.postgres.archived import History
from tests.postgres.servers import SEGMENT_SIZE, ask, execute

pytestmark = [pytest.mark.real, pytest.mark.full]


def refused(
    history: History, target: Target, archive: Archive | None = None, *, before_start: bool = False
) -> str:
    """What is said; nothing may be left of the attempt, and no server was started if `before_start`."""
    into = history.servers.cluster()
    with pytest.raises(BackupUnusable) as error:
        restore(history.backup, into, target, archive=archive or history.archive, verify=False)
    assert not into.data.exists()
    assert marked(into.mark) == []
    assert into.log.exists() != before_start
    return str(error.value)


def test_a_target_in_the_future_is_never_reached_and_the_server_is_quoted(history: History) -> None:
    said = refused(history, at_time(datetime.now(UTC) + timedelta(days=1)))
    assert "the target was never reached" in said
    assert "recovery ended before configured recovery target was reached" in said
    assert "the last transaction recovered is from" in said


def test_a_target_before_the_backups_end_is_refused_before_the_restore(history: History) -> None:
    assert "before the backup's end" in refused(history, at_time(history.begun), before_start=True)
    assert "before the backup's end" in refused(history, at_lsn(history.backup.start), before_start=True)


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
    during = [at for at in times if at < backup.ended]
    into = history.servers.cluster()
    unknown = replace(backup, started=None, ended=None)
    with pytest.raises(BackupUnusable, match=r"is before the backup's end; PostgreSQL says"):
        # There are writes before it, and some after it up to the backup's end.
        restore(unknown, into, at_time(during[-len(during) // 4]), archive=history.archive, verify=False)
    assert not into.data.exists()


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
    said = refused(history, at_lsn(history.place), broken, before_start=True)
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
        history, at_lsn(history.place), broken, before_start=True
    )


def test_a_timeline_that_the_archive_does_not_know_is_refused(history: History) -> None:
    said = refused(history, at_time(history.instant, timeline=7), before_start=True)
    assert "wrong timeline: the archive has no history of timeline 7; known: 1" in said


def test_a_timeline_that_left_before_the_backups_end_is_refused(history: History, broken: Archive) -> None:
    (broken.directory / "00000002.history").write_text("1\t0/100000\tno recovery target specified\n")
    said = refused(history, at_time(history.instant, timeline=2), broken, before_start=True)
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
