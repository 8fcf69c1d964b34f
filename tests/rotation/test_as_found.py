"""Without a stanza, a rotation goes by what lies in the directory, and is refused where an archive might be lost."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from chaos.errors import FaultError
from tests.rotation.playing import Played, log_files, packed, texts, whole

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files to others")


def keeps(place: Path, *elsewhere: Path, **how: object) -> Played:
    """Rotate, and see that every text is still there."""
    before = texts(place, *elsewhere)
    played = Played(log_files(place, **how))
    held = played()
    assert whole(held), held
    assert texts(place, *elsewhere) == before
    assert not list(place.glob(".midnight*"))
    return played


def refusal(place: Path, *names: str, **how: object) -> str:
    before = sorted((path.name, path.stat().st_ino) for path in place.rglob("*"))
    with pytest.raises(FaultError) as refused:
        Played(log_files(place, *names, **how)).begun()
    assert sorted((path.name, path.stat().st_ino) for path in place.rglob("*")) == before
    return str(refused.value)


@pytest.mark.parametrize("method", ["rename", "copytruncate"])
@pytest.mark.parametrize("kept", [14, 30, 100])
def test_every_archive_that_a_team_keeps_is_still_there(place: Path, method: str, kept: int) -> None:
    (place / "app.log.1").write_text("day 1")
    for n in range(2, kept + 1):
        packed(place / f"app.log.{n}.gz", f"day {n}")
    keeps(place, method=method)
    assert (place / "app.log.1").read_text() == "today\n" * 100
    assert (place / f"app.log.{kept + 1}.gz").exists() and not (place / "app.log").read_text()


DAYS = [date.today() - timedelta(days=n) for n in range(1, 20)]


@pytest.mark.parametrize(
    ("form", "extension"), [("-%Y%m%d", ""), ("-%Y-%m-%d", ""), (".%Y%m%d", ""), ("-%Y%m%d", ".log")]
)
def test_dated_archives_get_another_one_of_today(place: Path, form: str, extension: str) -> None:
    for day in DAYS:
        name = f"app{day:{form}}.log.gz" if extension else f"app.log{day:{form}}.gz"
        packed(place / name, f"{day}")
    keeps(place)
    today = f"app{date.today():{form}}.log.gz" if extension else f"app.log{date.today():{form}}.gz"
    assert (place / today).exists()


def test_archives_named_by_the_second_get_another_one(place: Path) -> None:
    for n in range(5):
        packed(place / f"app.log-176411520{n}.gz", f"second {n}")
    keeps(place)
    assert len(list(place.glob("app.log-17*.gz"))) == 6


def test_a_log_that_was_rotated_today_already_is_refused_in_logrotates_words(place: Path) -> None:
    packed(place / f"app.log-{date.today():%Y%m%d}.gz", "today's")
    assert "already exists, skipping rotation" in refusal(place)


def test_a_numbering_from_zero_is_kept(place: Path) -> None:
    for n in range(4):
        packed(place / f"app.log.{n}.gz", f"day {n}")
    keeps(place)
    assert sorted(path.name for path in place.glob("*.gz")) == [f"app.log.{n}.gz" for n in range(5)]


@pytest.mark.parametrize("suffix", [".xz", ".zst", ".bz2"])
def test_another_compression_is_kept(place: Path, suffix: str) -> None:
    program = {".xz": "xz", ".zst": "zstd", ".bz2": "bzip2"}[suffix]
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not here")
    for n in (1, 2):
        data = subprocess.run([program, "-c"], input=f"day {n}".encode(), capture_output=True, check=True)
        (place / f"app.log.{n}{suffix}").write_bytes(data.stdout)
    keeps(place)
    assert len(list(place.glob(f"*{suffix}"))) == 3


def test_archives_in_a_directory_of_their_own_get_another_one_there(place: Path) -> None:
    (place / "old").mkdir()
    for n in (1, 2, 3):
        packed(place / "old" / f"app.log.{n}.gz", f"day {n}")
    keeps(place)
    assert len(list((place / "old").iterdir())) == 4


def test_logs_with_a_common_prefix_keep_their_own_archives(place: Path) -> None:
    (place / "app").write_text("of app")
    (place / "app-audit").write_text("of app-audit")
    for n, day in enumerate(DAYS[:3]):
        packed(place / f"app-audit-{day:%Y%m%d}.gz", f"audit {n}")
        packed(place / f"app.{n + 1}.gz", f"app {n}")
    before = texts(place)
    held = Played(log_files(place, "app", "app-audit"))()
    assert whole(held) and texts(place) == before
    assert (place / "app.4.gz").exists() and (place / f"app-audit-{date.today():%Y%m%d}.gz").exists()


def test_the_first_archive_is_compressed_so_that_no_next_rotation_overwrites_it(place: Path) -> None:
    keeps(place)
    assert (place / "app.log.1.gz").exists() and not (place / "app.log.1").exists()


@pytest.fixture
def service(place: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that has the log open, and writes what it is told."""
    argv = ["sh", "-c", 'while read line; do echo "$line"; done']
    with (place / "app.log").open("a") as log:
        made = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=log, text=True)
    yield made
    made.communicate(timeout=10)


def test_a_service_that_cannot_reopen_its_log_keeps_an_archive_it_can_write_to(
    place: Path, service: subprocess.Popen[str]
) -> None:
    keeps(place)
    service.communicate("a line after it\n", timeout=10)
    assert (place / "app.log.1").read_text().endswith("a line after it\n")


def test_a_service_whose_lines_would_go_into_a_deleted_file_is_refused(
    place: Path, service: subprocess.Popen[str]
) -> None:
    packed(place / "app.log.1.gz", "day 1")
    assert f"process {service.pid} writes to" in refusal(place)
    service.communicate(timeout=10)
    keeps(place)


def test_a_name_with_a_blank_a_bracket_or_a_to_is_rotated(tmp_path: Path) -> None:
    place = tmp_path / "log to keep"
    place.mkdir()
    for name in ("my app.log", "a[1].log", 'quo"te.log', "back\\slash.log"):
        (place / name).write_text(name)
    (place / "a1.log").write_text("matched by the pattern a[1].log")
    held = Played(log_files(place, *(path.name for path in place.iterdir() if path.name != "a1.log")))()
    assert whole(held) and held.dose["logs_rotated"] == 4, held
    assert (place / "a1.log").read_text()


MIXED = {
    "two namings": (["app.log.1.gz", "app.log-20250101.gz"], "several namings"),
    "two compressions": (["app.log.1.gz", "app.log.2.xz"], "several compressions"),
    "a plain one in the middle": (["app.log.1.gz", "app.log.2", "app.log.3.gz"], "may be overwritten"),
    "one of another tool": (["app.log.2025-11-25T10:00"], "with an unknown naming scheme"),
    "an old copy": (["app.log.old"], "with an unknown naming scheme"),
    "half-made": (["app.log.1", "app.log.1.gz"], "may be overwritten"),
}


@pytest.mark.parametrize(("names", "because"), MIXED.values(), ids=list(MIXED))
def test_a_log_that_no_stanza_fits_is_refused_with_the_line_to_add(
    place: Path, names: list[str], because: str
) -> None:
    for name in names:
        (place / name).write_text(name)
    said = refusal(place)
    assert because in said and "logs: {stanza: /etc/logrotate.d/NAME}" in said


def test_a_target_that_says_another_compression_than_its_directory_is_refused(place: Path) -> None:
    (place / "app.log.1").write_text("day 1")
    packed(place / "app.log.2.gz", "day 2")
    assert "`delaycompress: false` would overwrite it" in refusal(place, delaycompress=False)


@as_root
@pytest.mark.parametrize(("mode", "gid"), [(0o775, 4), (0o777, 0), (0o1777, 0)])
def test_a_directory_that_others_may_write_is_rotated_as_its_owner(place: Path, mode: int, gid: int) -> None:
    os.chown(place, 0, gid)
    place.chmod(mode)
    keeps(place)


@as_root
def test_a_directory_whose_owner_cannot_recreate_the_log_is_refused(place: Path) -> None:
    os.chown(place, 65534, 4)
    place.chmod(0o775)
    assert "who cannot re-create" in refusal(place)


@as_root
def test_the_log_is_recreated_with_its_owner_and_mode(place: Path) -> None:
    os.chown(place / "app.log", 65534, 4)
    (place / "app.log").chmod(0o620)
    keeps(place)
    found = (place / "app.log").stat()
    assert (found.st_uid, found.st_gid, found.st_mode & 0o777) == (65534, 4, 0o620)


def test_a_log_of_another_user_is_refused_to_a_user_who_cannot_recreate_it(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 54321)
    assert "only root can re-create it for them" in refusal(place)


@as_root
def test_an_acl_of_the_log_is_kept(place: Path) -> None:
    if shutil.which("setfacl") is None:
        pytest.skip("setfacl is not here")
    subprocess.run(["setfacl", "-m", "u:65534:rw", place / "app.log"], check=True)
    keeps(place)
    told = subprocess.run(["getfacl", "-cpn", place / "app.log"], capture_output=True, text=True, check=True)
    assert "user:65534:rw" in told.stdout


@as_root
@pytest.mark.parametrize("which", ["app.log", "app.log.2.gz", "."])
@pytest.mark.parametrize("attribute", ["i", "a"])
def test_a_file_made_immutable_by_chattr_is_refused_before_any_archive_is_moved(
    place: Path, which: str, attribute: str
) -> None:
    for n in (1, 2, 3):
        packed(place / f"app.log.{n}.gz", f"day {n}")
    done = subprocess.run(["chattr", f"+{attribute}", place / which], capture_output=True, check=False)
    if done.returncode:
        pytest.skip("no such attributes on this file system")
    try:
        assert "immutable or append-only" in refusal(place)
    finally:
        subprocess.run(["chattr", f"-{attribute}", place / which], check=True)


def test_hard_links_are_refused_in_logrotates_words(place: Path) -> None:
    (place / "copy.log").hardlink_to(place / "app.log")
    assert "multiple (2) hard links" in refusal(place)


ABSENT = {
    "a file that is not there": ("aplication.log", "aplication.log: No such file or directory"),
    "a pattern that matches nothing": ("*.txt", "*.txt matches no file"),
    "a directory that is not there": ("nginx/*.log", "nginx: No such file or directory"),
    "a directory": ("below", "below) is not a regular file"),
}


@pytest.mark.parametrize(("name", "because"), ABSENT.values(), ids=list(ABSENT))
def test_a_log_that_does_not_exist_is_refused(place: Path, name: str, because: str) -> None:
    (place / "below").mkdir()
    said = refusal(place, name)
    assert because in said and "stanza" not in said


@pytest.mark.parametrize("below", ["", "nginx/"])
def test_a_link_is_refused_naming_what_it_leads_to(place: Path, below: str) -> None:
    (place / "nginx").mkdir()
    real = place.parent / "elsewhere.log"
    real.write_text("x" * 500_000)
    link = place / f"{below}access.log"
    link.symlink_to(real)
    said = refusal(place, f"{below}access.log")
    assert f"{link} is a symbolic link" in said and f"name {real} itself" in said


def test_a_pattern_that_takes_archives_for_logs_is_refused(place: Path) -> None:
    packed(place / "app.log.1.gz", "day 1")
    assert "is an archive of" in refusal(place, "app*")


def test_a_disk_that_a_copy_might_fill_is_refused(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.statvfs(place)
    full = os.statvfs_result((*real[:3], 0, 0, *real[5:]))
    monkeypatch.setattr(os, "statvfs", lambda _: full)
    assert "more than half of the 0 free in" in refusal(place)
