"""A backup that cannot be restored fails the drill, and the reason is the first thing that is said."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.backup_check.production import Production
from tests.backup_check.restoring import Restoring

pytestmark = pytest.mark.real


class Backups:
    """A base backup with what was archived after it, and dumps: each case breaks a copy."""

    def __init__(self, production: Production) -> None:
        self.production = production
        production.beat()
        self.base = production.base("sound")
        self.segments = []
        for _ in range(3):
            production.beat()
            self.segments.append(production.archive_now())
        self.custom = production.dump("sound.dump", "--format=custom")
        self.sql = production.dump("sound.sql")
        self.directory = production.dump("sound.d", "--format=directory")

    def archive(self, name: str) -> Path:
        place = self.production.copy(self.production.archive.directory, f"wal-{name}")
        place.chmod(0o755)
        return place


@pytest.fixture(scope="module")
def backups(production: Production) -> Backups:
    return Backups(production)


def truncated_file(backups: Backups) -> Path:
    place = backups.production.copy(backups.base, "truncated")
    os.truncate(place / "global" / "pg_control", 0)
    return place


def missing_file(backups: Backups) -> Path:
    """One without which a server starts all the same: only the manifest tells."""
    place = backups.production.copy(backups.base, "incomplete")
    (place / "base" / "1" / "PG_VERSION").unlink()
    return place


def no_wal(backups: Backups) -> Path:
    place = backups.production.copy(backups.base, "dry")
    for file in (place / "pg_wal").glob("0*"):
        file.unlink()
    return place


def cut(path: Path) -> Path:
    os.truncate(path, path.stat().st_size * 2 // 3)
    return path


def without_table_data(backups: Backups) -> Path:
    place = backups.production.copy(backups.directory, "gone.d")
    max(place.glob("*.dat.gz"), key=lambda file: file.stat().st_size).unlink()
    return place


CASES: dict[str, tuple[str, Callable[[Backups], Path], str]] = {
    "truncated": ("base", truncated_file, r"global/pg_control has 0 bytes, not 8192"),
    "missing file": ("base", missing_file, r"base/1/PG_VERSION is missing"),
    "no WAL": ("base", no_wal, r"no WAL, and no archive is given"),
    "custom dump cut short": (
        "dump",
        lambda b: cut(b.production.copy(b.custom, "cut.dump")),
        r"cut\.dump cannot be restored: .*(end of file|could not read)",
    ),
    "plain dump cut short": (
        "dump",
        lambda b: cut(b.production.copy(b.sql, "cut.sql")),
        r"truncated: the last line that pg_dump writes is missing",
    ),
    "directory dump without a file": (
        "dump",
        without_table_data,
        r"gone\.d cannot be restored: .*No such file",
    ),
}
_SHORT = ("truncated",)


@pytest.mark.parametrize(
    "name", [name if name in _SHORT else pytest.param(name, marks=pytest.mark.full) for name in CASES]
)
def test_a_broken_backup_fails_with_its_reason(backups: Backups, restoring: Restoring, name: str) -> None:
    kind, make, because = CASES[name]
    done = restoring(kind, make(backups))
    assert done.ending.exit_code == 1
    assert done.headline.startswith("FAIL")
    assert re.search(because, done.headline), done.headline


def test_a_missing_segment_is_named_although_what_is_before_it_could_be_restored(
    backups: Backups, restoring: Restoring
) -> None:
    archive = backups.archive("hole")
    (archive / backups.segments[1]).unlink()
    done = restoring("base", backups.base, archive=str(archive))
    assert done.outcomes["restored"] == "fail"
    assert done.outcomes["rpo"] == "not exercised"
    assert f"{backups.segments[1]} is missing or incomplete in the archive" in done.headline


@pytest.mark.full
def test_a_corrupt_segment_is_not_a_silent_success(backups: Backups, restoring: Restoring) -> None:
    archive = backups.archive("corrupt")
    file = archive / backups.segments[1]
    content = bytearray(file.read_bytes())
    content[40:4000] = bytes(reversed(content[40:4000]))
    file.write_bytes(content)
    done = restoring("base", backups.base, archive=str(archive))
    assert done.outcomes["restored"] == "fail"
    assert "never reached" in done.headline


@pytest.mark.full
def test_an_archive_of_another_timeline_is_refused(backups: Backups, restoring: Restoring) -> None:
    archive = backups.archive("fork")
    (archive / "00000002.history").write_text("1\t0/100000\tno recovery target specified\n")
    done = restoring("base", backups.base, archive=str(archive))
    assert done.outcomes["restored"] == "fail"
    assert "wrong timeline: timeline 2 left timeline 1 at 0/100000" in done.headline


@pytest.mark.full
def test_an_archive_that_nothing_reaches_fails(backups: Backups, restoring: Restoring) -> None:
    archive = backups.production.place / "lying"
    archive.mkdir(mode=0o755)
    done = restoring("base", backups.base, archive=str(archive))
    assert done.outcomes["restored"] == "fail"
    assert "contains no WAL" in done.headline


@pytest.mark.full
def test_a_directory_without_a_backup_fails(restoring: Restoring, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    done = restoring("base", empty)
    assert done.ending.exit_code == 1
    assert "contains no backup" in done.headline
