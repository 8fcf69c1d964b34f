"""Dumps as teams have them: by a newer pg_dump, packed by anything, without their roles, cut short, no dumps."""

from __future__ import annotations

import gzip
import hashlib
import lzma
import os
import shutil
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import pytest

from chaos.backup_check.plan import choose
from chaos.errors import ToolMissing
from chaos.plan.restore import build
from chaos.postgres import Installation
from chaos.tools import postgresql
from tests.backup_check.restoring import Done, Restoring
from tests.postgres.servers import PASSWORD, Servers, dsn, execute

pytestmark = [pytest.mark.real, pytest.mark.wide]

ROWS = {"name": "kept", "sql": "SELECT count(*) FROM records", "at_least": 2000}
SCHEMA = """
    CREATE ROLE app;
    CREATE ROLE tenant;
    CREATE TABLE records (seq bigint PRIMARY KEY, payload text);
    INSERT INTO records SELECT g, 'record ' || g FROM generate_series(1, 2000) g;
    ALTER TABLE records OWNER TO app;
    ALTER TABLE records ENABLE ROW LEVEL SECURITY;
    CREATE POLICY tenants ON records TO tenant USING (true);
    SELECT lo_create(4711), lo_put(4711, 0, 'a large object');
"""


class Dumped:
    """A server, and dumps of it by the programs of any version."""

    def __init__(self, servers: Servers) -> None:
        self.place = servers.place / "dumps"
        self.place.mkdir(mode=0o755)
        self.server, _ = servers.primary()
        execute(self.server, SCHEMA)

    def by(self, installation: Installation, name: str, *options: str, program: str = "pg_dump") -> Path:
        path = self.place / name
        if not path.exists():
            command: list[str | Path] = [
                installation.program(program),
                *options,
                f"--file={path}",
                f"--dbname={dsn(self.server)}",
            ]
            # pg_dumpall takes the password out of what it gives to pg_dump.
            subprocess.run(command, check=True, env={**os.environ, "PGPASSWORD": PASSWORD})
        return path

    def own(self, name: str, *options: str) -> Path:
        return self.by(self.server.installation, name, *options)


@pytest.fixture(scope="module")
def dumped(servers: Servers) -> Dumped:
    return Dumped(servers)


@pytest.fixture(scope="module")
def older(older_servers: Servers) -> Dumped:
    return Dumped(older_servers)


def restored(restoring: Restoring, dump: Path, **options: Any) -> Done:
    done = restoring("dump", dump, heartbeat=None, queries=[ROWS], **options)
    assert done.ending.exit_code == 0, done.headline
    assert (done.outcomes["restored"], done.outcomes["kept"]) == ("pass", "pass")
    return done


def test_a_custom_dump_by_a_newer_client_is_read_by_a_postgresql_that_can(
    older: Dumped, installation: Installation, restoring: Restoring
) -> None:
    dump = older.by(installation, "newer.dump", "--format=custom")
    done = restored(restoring, dump, database="app")
    described = done.event("backup", "described").detail
    assert (described["dumped_from"], described["dumped_by"]) == (15, 18)
    assert done.event("restore", "ended").detail["server"].startswith("18.")


@pytest.mark.full
def test_a_setting_that_only_a_newer_server_knows_is_listed_and_harmless(
    older: Dumped, installation: Installation, restoring: Restoring
) -> None:
    done = restored(restoring, older.by(installation, "newer.sql"))
    assert done.event("restore", "ended").detail["server"].startswith("15.")
    said = done.findings["restored"].evidence["harmless"]
    assert 'unrecognized configuration parameter "transaction_timeout"' in said


@pytest.mark.full
def test_a_cleaning_dump_of_a_whole_cluster_finds_nothing_to_clean(
    dumped: Dumped, restoring: Restoring
) -> None:
    options = ("--clean", "--if-exists")
    dump = dumped.by(dumped.server.installation, "all.sql", *options, program="pg_dumpall")
    said = restored(restoring, dump).findings["restored"].evidence["harmless"]
    assert "current user cannot be dropped" in said


def test_a_dump_is_unpacked_regardless_of_its_name(dumped: Dumped, restoring: Restoring) -> None:
    if shutil.which("zstd") is None:
        pytest.skip("zstd is not installed")
    packed = dumped.place / "plain.sql"
    text = dumped.own("to-be-packed.sql").read_bytes()
    packed.write_bytes(subprocess.run(["zstd", "-qc"], input=text, check=True, capture_output=True).stdout)
    done = restored(restoring, packed)
    assert done.event("backup", "described").detail["packed"] == "zstd"
    assert "role tenant was created, which the dump lacks" in done.findings["restored"].evidence["harmless"]


@pytest.mark.full
@pytest.mark.parametrize("form", ["custom", "tar"])
def test_an_archive_is_unpacked_below_the_scratch_directory(
    dumped: Dumped, restoring: Restoring, form: str
) -> None:
    packed = dumped.place / f"packed-{form}.xz"
    packed.write_bytes(lzma.compress(dumped.own(f"to-be-packed.{form}", f"--format={form}").read_bytes()))
    restored(restoring, packed, jobs=2)


@pytest.mark.full
def test_a_directory_dump_in_a_tar_is_found_in_it(dumped: Dumped, restoring: Restoring) -> None:
    packed = dumped.place / "directory.tar.gz"
    with tarfile.open(packed, "w:gz") as tar:
        tar.add(dumped.own("directory", "--format=directory", "--jobs=2"), "nightly/app")
    done = restored(restoring, packed)
    assert done.event("unpack", "ended").detail["seconds"] > 0


def test_a_dump_packed_by_what_no_program_here_reads_is_refused_with_what_to_install(
    dumped: Dumped, restoring: Restoring
) -> None:
    dump = bytearray(dumped.own("none.dump", "--format=custom", "--compress=none").read_bytes())
    dump[11] = 3  # what its header says of the compression: Zstandard
    packed = dumped.place / "zstd.dump"
    packed.write_bytes(dump)
    plan = build(restoring.experiment(), restoring.target("dump", packed))
    if not any(_reads_zstd(one, packed) for one in postgresql.every()):
        with pytest.raises(
            ToolMissing, match=r"not support compression with zstd.*install PostgreSQL 18 or newer"
        ):
            choose(plan)


def _reads_zstd(installation: Installation, dump: Path) -> bool:
    command: list[str | Path] = [installation.program("pg_restore"), "--list", dump]
    return b"not support" not in subprocess.run(command, check=False, capture_output=True).stderr


@pytest.mark.full
def test_a_dump_that_needs_an_unavailable_postgresql_feature_is_unknown(
    older: Dumped, restoring: Restoring, monkeypatch: pytest.MonkeyPatch
) -> None:
    execute(older.server, "CREATE COLLATION IF NOT EXISTS german (provider = icu, locale = 'de')")
    dump = older.own("icu.sql")
    restored(restoring, dump)
    monkeypatch.setenv("MIDNIGHT_POSTGRES", "wheel")  # which is built without ICU
    done = restoring("dump", dump, heartbeat=None, queries=[ROWS])
    assert done.ending.exit_code == 3, done.headline
    assert "ICU is not supported in this build" in done.headline
    assert "install a PostgreSQL that is built with ICU" in done.headline


@pytest.mark.full
def test_bytes_in_no_encoding_come_back_as_they_were(older: Dumped, restoring: Restoring) -> None:
    execute(older.server, "CREATE DATABASE bytes ENCODING 'SQL_ASCII' TEMPLATE template0")
    command: list[str | Path] = [
        older.server.installation.program("psql"),
        "-qd",
        f"{dsn(older.server)} dbname=bytes",
    ]
    text = b"CREATE TABLE records (x text); INSERT INTO records SELECT E'\\xff\\xfe' FROM generate_series(1, 2000);"
    subprocess.run(command, input=text, check=True)
    for form in ("plain", "custom"):
        dump = older.place / f"bytes.{form}"
        program = older.server.installation.program("pg_dump")
        source = f"--dbname={dsn(older.server)} dbname=bytes"
        subprocess.run([program, f"--format={form}", f"--file={dump}", source], check=True)
        restored(restoring, dump)


BROKEN = {
    "page.dump": (b"<!DOCTYPE html><html>403</html>", "is not a dump but a server's web page"),
    "refusal.sql.gz": (gzip.compress(b'{"error": "AccessDenied"}'), "is not a dump but a server's web page"),
    "none.dump": (b"", "is empty"),
    "noise.dump": (bytes(range(256)) * 40, "is not a dump by pg_dump"),
}


_SHORT = ("page.dump", "noise.dump")


@pytest.mark.parametrize(
    "name", [name if name in _SHORT else pytest.param(name, marks=pytest.mark.full) for name in BROKEN]
)
def test_a_file_that_is_not_a_dump_fails(restoring: Restoring, tmp_path: Path, name: str) -> None:
    content, because = BROKEN[name]
    (tmp_path / name).write_bytes(content)
    done = restoring("dump", tmp_path / name)
    assert done.ending.exit_code == 1
    assert because in done.headline


def test_a_dump_without_a_row_fails(dumped: Dumped, restoring: Restoring) -> None:
    done = restoring("dump", dumped.own("schema.dump", "-Fc", "--schema-only"), heartbeat=None, queries=[])
    assert done.ending.exit_code == 1
    assert "the backup is empty: no row in any of its 2 tables" in done.headline


def test_a_checksum_that_does_not_hold_fails_although_the_dump_can_be_restored(
    dumped: Dumped, restoring: Restoring
) -> None:
    place = dumped.place / "summed"
    place.mkdir()
    dump = Path(shutil.copy(dumped.own("to-be-summed.sql"), place / "app.sql"))
    found = hashlib.sha256(dump.read_bytes()).hexdigest()
    (place / "SHA256SUMS").write_text(f"{found}  app.sql\n")
    assert "SHA256SUMS" in restored(restoring, place).findings["files"].because
    (place / "SHA256SUMS").write_text(f"{'0' * 64}  app.sql\n")
    done = restoring("dump", place, heartbeat=None, queries=[ROWS])
    assert (done.outcomes["restored"], done.outcomes["files"]) == ("pass", "fail")
    assert done.ending.exit_code == 1


SLOW = """--
-- PostgreSQL database dump
--
CREATE TABLE t (n int);
SELECT pg_sleep(600);
--
-- PostgreSQL database dump complete
--
"""


def test_a_dump_that_takes_too_long_is_ended_and_misses_its_rto_but_is_not_called_broken(
    restoring: Restoring, tmp_path: Path
) -> None:
    dump = tmp_path / "slow.sql"
    dump.write_text(SLOW)
    patience = {"restore": {"within": "15s"}, "budget": {"rto": "12s", "rpo": "5m"}}
    done = restoring("dump", dump, heartbeat=None, queries=[], experiment=patience)
    assert (done.outcomes["restored"], done.outcomes["rto"]) == ("unknown", "fail")
    assert "given up, not restored within 15 s" in done.headline
