"""Copies of a whole cluster as teams have them: chains, Barman's, one tar, data directories, with tablespaces."""

from __future__ import annotations

import gzip
import os
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from chaos.backup_check.plan import choose
from chaos.errors import Refused
from chaos.host.privileges import give, identity
from chaos.plan.restore import build
from chaos.postgres import Cluster
from chaos.postgres.access import address
from tests.backup_check.production import copy_if_there, copy_running, digest
from tests.backup_check.restoring import Done, Restoring
from tests.postgres.servers import Servers, ask, dsn, execute, insert

pytestmark = [pytest.mark.real, pytest.mark.wide]


class Cared:
    """A cluster with a tablespace, and every kind of copy of it, made as the tools make them."""

    def __init__(self, servers: Servers) -> None:
        self.servers = servers
        self.place = servers.place / "copies"
        self.place.mkdir(mode=0o755)
        self.space = servers.place / "space"
        self.space.mkdir(mode=0o700)
        self.archive = servers.place / "incoming"
        self.archive.mkdir(mode=0o700)
        self.server, self.access = servers.primary(
            {"summarize_wal": "on", "archive_mode": "on", "archive_command": f"cp %p {self.archive}/%f"}
        )
        for place in (self.place, self.space, self.archive):
            give(place, self.server.user)
        insert(self.server, 1, 1000)

    def backup(self, name: str, *options: str | Path) -> Path:
        place = self.place / name
        where = ("-D", place, "-d", self.access.replication(address(self.server)))
        self.server.programs.must(
            "pg_basebackup", *where, "--checkpoint=fast", "--no-sync", *options, timeout=60
        )
        return place

    def with_tablespace(self) -> None:
        execute(self.server, f"CREATE TABLESPACE other LOCATION '{self.space}'")
        execute(self.server, "CREATE TABLE spaced TABLESPACE other AS SELECT generate_series(1, 50) AS n")

    def without_tablespace(self) -> None:
        execute(self.server, "DROP TABLE spaced")
        execute(self.server, "DROP TABLESPACE other")

    def labelled(self, name: str) -> Path:
        """Copied while it ran, between the beginning and the end of a backup, as a script of one's own does."""
        place = self.place / name
        with psycopg.connect(dsn(self.server), autocommit=True) as connection:
            connection.execute("SELECT pg_backup_start('mine', true)")
            copy_running(self.server.data, place)
            row = connection.execute("SELECT labelfile FROM pg_backup_stop(false)").fetchone()
            assert row is not None
            (place / "backup_label").write_text(row[0])
        for file in (self.server.data / "pg_wal").glob("0*"):
            copy_if_there(file, place / "pg_wal")
        return place


@pytest.fixture(scope="module")
def cared(servers: Servers) -> Cared:
    return Cared(servers)


def kept(at_least: int, table: str = "kept") -> dict[str, Any]:
    return {"name": table, "sql": f"SELECT count(*) FROM {table}", "at_least": at_least}


def restored(restoring: Restoring, place: Path, *queries: dict[str, Any], **options: Any) -> Done:
    before = digest(place)
    done = restoring("base", place, heartbeat=None, queries=list(queries), **options)
    assert digest(place) == before
    assert done.ending.exit_code == 0, done.headline
    assert {done.outcomes[query["name"]] for query in queries} == {"pass"}
    return done


def refusal(restoring: Restoring, place: Path) -> str:
    with pytest.raises(Refused) as refused:
        choose(build(restoring.experiment(), restoring.target("base", place)))
    return str(refused.value)


def test_a_chain_of_incremental_backups_is_combined_and_a_lone_one_refused(
    cared: Cared, restoring: Restoring
) -> None:
    full = cared.backup("chain-full")
    insert(cared.server, 1001, 1100)
    first = cared.backup("chain-first", f"--incremental={full}/backup_manifest")
    insert(cared.server, 1101, 1200)
    second = cared.backup("chain-second", f"--incremental={first}/backup_manifest")
    done = restored(restoring, second, kept(1200))
    assert done.event("backup", "described").detail["combined_from"] == [
        "chain-full",
        "chain-first",
        "chain-second",
    ]
    assert done.outcomes["files"] == "pass"
    shutil.rmtree(full)
    assert "is not in a directory beside it" in refusal(restoring, second)


def test_a_data_directory_of_a_server_that_runs_is_refused(cared: Cared, restoring: Restoring) -> None:
    assert "is the directory of a running server" in refusal(restoring, cared.server.data)


def test_a_copy_made_while_it_ran_is_replayed_to_the_backups_end(cared: Cared, restoring: Restoring) -> None:
    done = restored(restoring, cared.labelled("labelled"), kept(1000))
    assert "consistency" in done.event("replay", "ended").detail["stopped"]
    assert done.outcomes["files"] == "not exercised"


def test_a_copy_made_while_it_ran_without_all_its_wal_fails(cared: Cared, restoring: Restoring) -> None:
    place = cared.labelled("labelled-dry")
    for file in (place / "pg_wal").glob("0*"):
        file.unlink()
    done = restoring("base", place)
    assert done.ending.exit_code == 1
    assert "contains no WAL" in done.headline


@pytest.mark.full
def test_a_single_tar_from_pg_basebackups_standard_output_is_restored(
    cared: Cared, restoring: Restoring
) -> None:
    file = cared.place / "one.tar.gz"
    program = cared.server.installation.program("pg_basebackup")
    where = ["-d", cared.access.replication(address(cared.server))]
    command: list[str | Path] = [
        program,
        "-D",
        "-",
        "--format=tar",
        "--wal-method=fetch",
        "--checkpoint=fast",
        *where,
    ]
    user = identity(cared.server.user)
    done = subprocess.run(command, check=True, capture_output=True, cwd="/", env={**os.environ}, **user)
    file.write_bytes(gzip.compress(done.stdout, 1))
    restored(restoring, file, kept(1000))


@pytest.fixture(scope="module")
def spaced(cared: Cared) -> Iterator[Cared]:
    cared.with_tablespace()
    yield cared
    cared.without_tablespace()


@pytest.mark.full
@pytest.mark.parametrize("form", ["tar", "plain"])
def test_a_tablespace_is_restored_within_the_copy_and_not_where_it_was(
    spaced: Cared, restoring: Restoring, form: str
) -> None:
    moved = [] if form == "tar" else ["-T", f"{spaced.space}={spaced.place}/moved"]
    place = spaced.backup(f"spaced-{form}", f"--format={form}", *moved)
    before = digest(spaced.space)
    restored(restoring, place, kept(1000), kept(50, "spaced"))
    assert digest(spaced.space) == before


def test_a_link_to_the_tablespace_of_a_running_server_is_refused(spaced: Cared, restoring: Restoring) -> None:
    place = spaced.servers.place / "linked"
    copy_running(spaced.server.data, place, symlinks=True)
    assert "leads out of the copy" in refusal(restoring, place)


@pytest.mark.full
def test_barmans_layout_is_read_with_its_packed_archive_and_tablespaces(
    spaced: Cared, restoring: Restoring
) -> None:
    server = spaced.place / "main"
    place = server / "base" / "20260101T000000"
    place.mkdir(parents=True)
    (place / "data").mkdir()
    (place / "data").rmdir()
    backup = spaced.backup("for-barman", "--format=tar")
    backup.rename(place / "data")
    insert(spaced.server, 5001, 5100)
    name = ask(spaced.server, "SELECT pg_walfile_name(pg_switch_wal())")
    _archived(spaced, str(name))
    wals = server / "wals" / "0000000100000000"
    wals.mkdir(parents=True)
    for file in spaced.archive.glob("0*"):
        content = file.read_bytes()
        (wals / file.name).write_bytes(content if file.suffix else gzip.compress(content))
    (server / "meta").mkdir()
    number = ask(spaced.server, "SELECT oid FROM pg_tablespace WHERE spcname = 'other'")
    info = f"status=DONE\nbegin_time=2026-01-01 00:00:00+00:00\nxlog_segment_size={1 << 20}\nmode=postgres\n"
    info += f"tablespaces=[('other', {number}, '{spaced.space}')]\n"
    (server / "meta" / f"{place.name}-backup.info").write_text(info)
    done = restored(restoring, server, kept(1100), kept(50, "spaced"))
    assert done.event("backup", "described").detail["tool"] == "Barman"
    assert done.event("replay", "ended").detail["segments_from_archive"] > 0
    (server / "meta" / f"{place.name}-backup.info").write_text(
        info.replace("DONE", "FAILED") + "error=no space\n"
    )
    done = restoring("base", server / "base")
    assert "Barman's backup 20260101T000000 is FAILED: no space" in done.headline
    assert done.ending.exit_code == 1


def _archived(cared: Cared, name: str) -> None:
    with psycopg.connect(dsn(cared.server), autocommit=True) as connection:
        for _ in range(600):
            row = connection.execute(
                "SELECT last_archived_wal >= %s FROM pg_stat_archiver", [name]
            ).fetchone()
            if row is not None and row[0]:
                return
            connection.execute("SELECT pg_sleep(0.05)")
    raise AssertionError(f"{name} was never archived")


class Stopped:
    """Another cluster, lost at one instant, and stopped in order: each as a copy of its directory."""

    def __init__(self, servers: Servers) -> None:
        server: Cluster
        server, _ = servers.primary({"wal_level": "logical"})
        insert(server, 1, 1000)
        execute(server, "SELECT pg_create_logical_replication_slot('s', 'pgoutput')")
        self.file = str(ask(server, "SELECT pg_relation_filepath('kept')"))
        execute(server, "CHECKPOINT")  # what is lost after it is not in the WAL that is replayed
        server.kill()
        self.snapshot = servers.place / "snapshot"
        shutil.copytree(server.data, self.snapshot)
        server.start()
        server.stop()
        self.stopped = server.data


@pytest.fixture(scope="module")
def stopped(servers: Servers) -> Stopped:
    return Stopped(servers)


@pytest.mark.full
def test_a_snapshot_of_one_instant_recovers_from_its_own_wal(stopped: Stopped, restoring: Restoring) -> None:
    done = restored(restoring, stopped.snapshot, kept(1000))
    assert "assumed to be an atomic snapshot" in done.event("backup", "described").detail["state"]


@pytest.mark.full
@pytest.mark.parametrize("form", ["directory", "tar"])
def test_the_directory_of_a_stopped_server_is_started_as_it_is(
    stopped: Stopped, restoring: Restoring, tmp_path: Path, form: str
) -> None:
    place = stopped.stopped
    if form == "tar":
        place = tmp_path / "main.tar.gz"
        with tarfile.open(place, "w:gz") as tar:
            tar.add(stopped.stopped, "var/lib/main")
    done = restored(restoring, place, kept(1000))
    assert done.event("backup", "described").detail["state"].startswith("shut down: ")


@pytest.mark.full
def test_a_snapshot_in_which_a_table_has_no_file_fails(stopped: Stopped, restoring: Restoring) -> None:
    place = stopped.snapshot.with_name("holed")
    shutil.copytree(stopped.snapshot, place)
    (place / stopped.file).unlink()
    done = restoring("base", place, heartbeat=None, queries=[])
    assert done.ending.exit_code == 1
    assert "the backup is incomplete: nothing was restored from kept (database postgres)" in done.headline


def test_the_repository_of_another_tool_is_refused_with_the_way_to_restore_it(
    restoring: Restoring, tmp_path: Path
) -> None:
    for made, way in (
        ("basebackups_005/base_1", "wal-g backup-fetch"),
        ("backup/main/backup.info", "kind: pgbackrest with its stanza"),
        ("whatever/else", "restore it with its own tool into a directory"),
    ):
        place = tmp_path / made.split("/")[0][:4]
        (place / made).parent.mkdir(parents=True)
        (place / made).write_text("x")
        os.utime(place)
        assert way in refusal(restoring, place)
        shutil.rmtree(place)
