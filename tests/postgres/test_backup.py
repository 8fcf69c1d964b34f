"""A base backup is taken, described and verified; a damaged one is refused with the fault."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from chaos.errors import BackupUnusable, Refused, TargetError
from chaos.postgres.backup import Backup, describe, manifest_of, take_backup, verify_backup
from chaos.postgres.backup_files import Format
from chaos.postgres.programs import Programs
from tests.postgres.servers import Servers, ask, insert

pytestmark = pytest.mark.real


class Backups:
    def __init__(self, servers: Servers) -> None:
        self.primary, self.access = servers.primary()
        insert(self.primary, 1, 1000)
        self.place = servers.place
        self.plain = self.take("plain")
        self.tar = self.take("tar")

    def take(self, format: Format) -> Backup:
        return take_backup(
            self.primary,
            self.access,
            self.place / format,
            label=f"a {format} one",
            format=format,
            durable=False,
        )

    @property
    def programs(self) -> Programs:
        return self.primary.programs


@pytest.fixture(scope="module")
def backups(servers: Servers) -> Backups:
    return Backups(servers)


@pytest.fixture
def damaged(backups: Backups) -> Iterator[Path]:
    """A copy of the plain backup, to be damaged."""
    place = backups.place / "damaged"
    shutil.copytree(backups.plain.files.place, place)
    yield place
    shutil.rmtree(place)


@pytest.mark.parametrize("format", ["plain", "tar"])
def test_a_backup_describes_itself_and_matches_its_manifest(backups: Backups, format: str) -> None:
    backup = backups.plain if format == "plain" else backups.tar
    assert backup.files.format == format
    assert backup.label == f"a {format} one"
    assert backup.timeline == 1
    assert backup.stop is not None
    assert backup.start < backup.stop
    assert backup.started is not None
    assert backup.ended is not None
    assert backup.started <= backup.ended
    assert backup.seconds is not None
    found = verify_backup(backup, backups.programs)
    assert found.verified.algorithms == ("SHA256",)
    assert found.verified.files == len(manifest_of(backup).files) > 500
    assert found.verified.bytes < backup.size
    assert found.tool.startswith("pg_verifybackup")
    assert backup.files.segments()


def test_with_the_wal_left_to_an_archive_that_is_not_there_the_backup_has_none(backups: Backups) -> None:
    # Archiving is off: the server says so, and waits for nothing.
    place = backups.place / "bare"
    backup = take_backup(backups.primary, backups.access, place, label="bare", wal="none", durable=False)
    assert backup.files.segments() == set()
    with pytest.raises(BackupUnusable, match="or do not exist"):
        backup.files.segment_size()


@pytest.mark.parametrize(
    "algorithm",
    ["CRC32C", pytest.param("SHA512", marks=pytest.mark.full), pytest.param("NONE", marks=pytest.mark.full)],
)
def test_a_manifest_of_any_kind_is_verified(backups: Backups, algorithm: str) -> None:
    place = backups.place / f"sums-{algorithm}"
    cluster = backups.primary
    place.mkdir(mode=0o700)
    if cluster.user is not None:
        os.chown(place, cluster.user.uid, cluster.user.gid)
    conninfo = backups.access.replication(f"127.0.0.1:{cluster.port}")
    options: list[str | Path] = [
        "-d",
        conninfo,
        "-D",
        place,
        f"--manifest-checksums={algorithm}",
        "--checkpoint=fast",
        "--no-sync",
    ]
    cluster.programs.must("pg_basebackup", *options, timeout=60)
    found = verify_backup(describe(place), cluster.programs)
    assert found.verified.algorithms == (algorithm,)
    version = place / "PG_VERSION"
    version.write_text(version.read_text().replace("1", "2"))
    if algorithm == "NONE":
        return
    with pytest.raises(BackupUnusable, match=f"PG_VERSION has a different {algorithm} checksum"):
        verify_backup(describe(place), cluster.programs)


def relation(backups: Backups) -> str:
    return str(ask(backups.primary, "SELECT pg_relation_filepath('kept')"))


def test_a_truncated_file_is_named(backups: Backups, damaged: Path) -> None:
    os.truncate(damaged / relation(backups), 8192)
    with pytest.raises(BackupUnusable, match=rf"{relation(backups)} has 8192 bytes, not \d+"):
        verify_backup(describe(damaged), backups.programs)


def test_a_flipped_byte_a_missing_file_and_one_too_many_are_named(backups: Backups, damaged: Path) -> None:
    file = damaged / relation(backups)
    content = bytearray(file.read_bytes())
    content[100] ^= 1
    file.write_bytes(content)
    (damaged / "base" / "stray").touch()
    (damaged / "global" / "pg_filenode.map").unlink()
    with pytest.raises(BackupUnusable) as refused:
        verify_backup(describe(damaged), backups.programs)
    assert "base/stray is not in the manifest" in str(refused.value)
    assert f"{relation(backups)} has a different SHA256 checksum" in str(refused.value)
    assert "global/pg_filenode.map is missing" in str(refused.value)


def test_a_manifest_that_was_edited_is_refused(damaged: Path) -> None:
    manifest = damaged / "backup_manifest"
    record = json.loads(manifest.read_text())
    assert record["Files"]
    manifest.write_text(manifest.read_text().replace('"Size": 3', '"Size": 4', 1))
    with pytest.raises(BackupUnusable, match="incomplete: its own checksum does not match"):
        describe(damaged)


def test_a_tar_that_ends_too_early_is_refused(backups: Backups) -> None:
    place = backups.place / "cut"
    shutil.copytree(backups.tar.files.place, place)
    tar = place / "base.tar"
    os.truncate(tar, tar.stat().st_size // 2)
    with pytest.raises(BackupUnusable, match=r"truncated or damaged|is missing"):
        verify_backup(describe(place), backups.programs)


def test_a_directory_that_is_not_a_backup_is_refused(backups: Backups, servers: Servers) -> None:
    with pytest.raises(Refused, match=r"neither PG_VERSION nor base\.tar"):
        describe(servers.place)
    with pytest.raises(BackupUnusable, match="has no backup_label"):
        describe(backups.primary.data)


def test_an_incremental_backup_is_refused_with_the_remedy(damaged: Path) -> None:
    label = damaged / "backup_label"
    label.write_text(label.read_text() + "INCREMENTAL FROM LSN: 0/2000028\n")
    with pytest.raises(BackupUnusable, match="pg_combinebackup"):
        describe(damaged)


def test_a_backup_that_cannot_be_taken_leaves_no_directory(servers: Servers, backups: Backups) -> None:
    nobody = servers.cluster()
    place = backups.place / "none"
    with pytest.raises(TargetError, match="pg_basebackup failed"):
        take_backup(nobody, backups.access, place, label="none")
    assert not place.exists()
