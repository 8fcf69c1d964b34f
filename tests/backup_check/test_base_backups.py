"""The newest base backup is restored, dated and asked; the source stays as it was to the last time stamp."""

from __future__ import annotations

import gzip
import os
import shutil
import time
from datetime import datetime
from pathlib import Path

import pytest

from chaos.host.page_cache import files_below
from tests.backup_check.production import Production, digest, protect
from tests.backup_check.restoring import Done, Restoring
from tests.postgres.servers import insert

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def plain(production: Production) -> Path:
    return production.base("plain")


def assert_sound(done: Done) -> None:
    wanted = {"run", "restored", "rto", "rpo", "kept", "files"}
    assert {name: done.outcomes[name] for name in wanted} == dict.fromkeys(wanted, "pass"), done.headline
    assert done.ending.exit_code == 0


def test_a_base_backup_is_restored_read_only_and_dated_by_its_newest_heartbeat(
    production: Production, restoring: Restoring
) -> None:
    newest = production.beat()
    place = production.base("protected")
    protect(place)
    before = digest(place)
    done = restoring("base", place)
    assert digest(place) == before
    assert_sound(done)
    begun = datetime.fromisoformat(done.event("restore", "begun").detail["utc"])
    assert done.findings["rpo"].measured == pytest.approx((begun - newest).total_seconds(), abs=0.001)
    assert 0 < (done.findings["rto"].measured or 0) < 300
    (sums,) = [done.event("backup", "identified").detail["sha256"]]
    assert list(sums) == [str(place / "backup_manifest")]


@pytest.mark.full
@pytest.mark.parametrize("form", ["tar", "tar.gz"])
def test_a_tar_is_restored_as_well(production: Production, restoring: Restoring, form: str) -> None:
    production.beat()
    place = production.base(f"as-{form}", "tar")
    if form == "tar.gz":
        for file in place.glob("*.tar"):
            file.with_name(f"{file.name}.gz").write_bytes(gzip.compress(file.read_bytes(), 1))
            file.unlink()
    before = digest(place)
    done = restoring("base", place)
    assert digest(place) == before
    assert_sound(done)
    assert done.event("backup", "described").detail["format"] == "tar"


@pytest.mark.parametrize("secret", [pytest.param(False, marks=pytest.mark.full), True])
def test_the_archive_is_replayed_to_its_end_also_where_only_we_can_read_it(
    production: Production, restoring: Restoring, *, secret: bool
) -> None:
    place = production.base(f"early-{secret}")
    insert(production.primary, 5001 + secret * 100, 5050 + secret * 100)
    newest = production.beat()
    production.archive_now()
    archive = production.copy(production.archive.directory, f"archive-{secret}")
    if secret:
        for file in files_below(archive):
            file.chmod(0o400)
    else:
        archive.chmod(0o755)
        for file in files_below(archive):
            file.chmod(0o444)
    before = digest(archive)
    done = restoring("base", place, archive=str(archive))
    assert digest(archive) == before
    assert_sound(done)
    read = done.event("heartbeat", "read").detail["value"]
    assert datetime.fromisoformat(read) == newest
    assert done.event("replay", "ended").detail["segments_from_archive"] > 0
    assert done.event("kept", "answered", "query").detail["value"] >= 1050


@pytest.mark.full
def test_the_newest_of_several_backups_is_taken_even_if_it_is_broken(
    production: Production, restoring: Restoring, plain: Path
) -> None:
    nightly = production.place / "nightly"
    nightly.mkdir(mode=0o755)
    for age, name in ((2, "z-old"), (1, "a-new")):
        shutil.copytree(plain, nightly / name)
        at = time.time() - age * 86400
        os.utime(nightly / name / "backup_manifest", (at, at))
    done = restoring("base", nightly)
    assert done.event("backup", "chosen").detail["path"] == str(nightly / "a-new")
    assert done.event("backup", "chosen").detail["older_ones"] == 1
    (nightly / "broken").mkdir()
    done = restoring("base", nightly)
    assert done.ending.exit_code == 1
    assert "contains no base backup" in done.headline


@pytest.mark.full
def test_production_states_what_it_has_and_the_projection_is_a_finding(
    restoring: Restoring, plain: Path
) -> None:
    stated = {"size": "1TB", "wal_rate": "1MB/s", "backup_age": "1d", "restore_throughput": "100MB/s"}
    stated |= {"replay_throughput": "100MB/s", "archive_interval": "1m", "upload_lag": "10s"}
    done = restoring("base", plain, production=stated, heartbeat=None)
    assert done.outcomes["projected_rto"] == "fail"
    assert done.outcomes["projected_rpo"] == "pass"
    assert done.outcomes["rpo"] == "not exercised"
    assert done.ending.exit_code == 1
