"""A server archives its WAL; what the archive holds is listed, and a command that lies is found out."""

from __future__ import annotations

import re
import subprocess

import pytest

from chaos.errors import BackupUnusable, TargetError
from chaos.postgres.archive import Archive, archive_now, verify_archiving
from chaos.postgres.backup import take_backup
from chaos.postgres.wal import Segment
from tests.postgres.servers import SEGMENT_SIZE, Servers, ask
from tests.waiting import wait_until

pytestmark = pytest.mark.real


class Archiving:
    def __init__(self, servers: Servers) -> None:
        # A name that a shell, and PostgreSQL's placeholders, would stumble over.
        self.archive = Archive(servers.place / "archive's 100%f", SEGMENT_SIZE)
        self.primary, self.access = servers.primary({**self.archive.settings(every=60)})
        self.archive.make(self.primary.user)


@pytest.fixture(scope="module")
def archiving(servers: Servers) -> Archiving:
    return Archiving(servers)


def fill(archiving: Archiving, segments: int) -> None:
    for first in range(0, segments * 10, 10):
        ask(archiving.primary, f"SELECT pg_logical_emit_message(true, 'test', 'segment {first}')")
        archive_now(archiving.primary, archiving.access, archiving.archive)


def test_every_segment_is_archived_whole_and_nothing_else_is_there(archiving: Archiving) -> None:
    fill(archiving, 3)
    held = archiving.archive.holds()
    assert len(held.segments) >= 3
    assert (held.gaps(), held.truncated, held.others) == ([], (), ())
    newest = held.newest()
    assert newest is not None
    assert newest.segment.name == max(held.segments)
    assert newest == held.newest(timeline=1)
    assert held.newest(timeline=2) is None
    assert newest.size == SEGMENT_SIZE
    verify_archiving(archiving.primary, archiving.access, archiving.archive)


def test_the_segments_between_others_that_are_not_there_are_gaps(archiving: Archiving) -> None:
    fill(archiving, 2)
    names = sorted(archiving.archive.holds().segments)
    (archiving.archive.directory / names[1]).rename(archiving.archive.directory / "away")
    held = archiving.archive.holds()
    assert held.gaps() == [names[1]]
    assert held.others == ("away",)
    (archiving.archive.directory / "away").rename(archiving.archive.directory / names[1])


def run_command(archiving: Archiving, name: str, content: bytes) -> int:
    """The archive command's return code for a segment of that content, as the server would run it."""
    source = archiving.archive.directory.with_name("source")
    source.write_bytes(content)
    command = re.sub(
        "%[fp%]",
        lambda found: {"%f": name, "%p": str(source), "%%": "%"}[found[0]],
        archiving.archive.archive_command,
    )
    return subprocess.run(command, shell=True, capture_output=True, check=False, timeout=60).returncode


def test_an_archived_segment_is_never_overwritten_but_may_be_sent_again(archiving: Archiving) -> None:
    name = Segment(9, 1, archiving.archive.segment_size).name
    assert run_command(archiving, name, b"first") == 0
    assert run_command(archiving, name, b"first") == 0
    assert run_command(archiving, name, b"other") != 0
    file = archiving.archive.directory / name
    assert file.read_bytes() == b"first"
    assert archiving.archive.holds().truncated == (name,)
    file.unlink()


def change_command(archiving: Archiving, command: str) -> None:
    """And write something, so that there is something to archive."""
    # Started anew, because nobody can tell when a reload has reached the archiver.
    archiving.primary.stop()
    archiving.primary.override({"archive_command": command})
    archiving.primary.start()
    ask(archiving.primary, "SELECT pg_logical_emit_message(true, 'test', 'something')")
    tried = "SELECT archived_count + failed_count FROM pg_stat_archiver"
    before = ask(archiving.primary, tried)
    ask(archiving.primary, "SELECT pg_switch_wal()")
    wait_until(lambda: ask(archiving.primary, tried) != before, "the archiver has tried the command")
    ask(archiving.primary, "SELECT pg_logical_emit_message(true, 'test', 'something more')")


def test_a_lying_archive_command_is_detected_by_listing(archiving: Archiving) -> None:
    change_command(archiving, "/bin/true")
    with pytest.raises(BackupUnusable, match=r"archive_command lies: \d+ files .* does not contain it"):
        archive_now(archiving.primary, archiving.access, archiving.archive, timeout=1)
    change_command(archiving, archiving.archive.archive_command)


def test_a_failing_archive_command_is_reported_with_its_segment(archiving: Archiving) -> None:
    change_command(archiving, "/bin/false")
    with pytest.raises(BackupUnusable, match="archiving fails: archive_command could not store 0000"):
        archive_now(archiving.primary, archiving.access, archiving.archive, timeout=2)
    place = archiving.archive.directory.with_name("never")
    with pytest.raises(TargetError, match=r"did not end within 1 s\n.*archive_command has failed"):
        take_backup(archiving.primary, archiving.access, place, label="x", wal="none", timeout=1)
    assert not place.exists()
    change_command(archiving, archiving.archive.archive_command)
    fill(archiving, 1)
    verify_archiving(archiving.primary, archiving.access, archiving.archive)


def test_an_archive_that_does_not_exist_is_named(servers: Servers) -> None:
    with pytest.raises(BackupUnusable, match="nowhere cannot be read"):
        Archive(servers.place / "nowhere").holds()
