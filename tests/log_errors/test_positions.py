"""What a log holds beyond an earlier end is read once, however the log was rotated in between."""

from __future__ import annotations

import bz2
import gzip
import lzma
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from chaos.log_errors import files, positions
from chaos.log_errors.files import NotRead
from chaos.log_errors.positions import NOTHING

BEFORE = b"".join(b"2026-11-26T23:59:%02d INFO line %d of yesterday\n" % (n % 60, n) for n in range(400))
DURING, LATER = b"written during the play\n" * 3, b"and later\n"


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "app.log"
    path.write_bytes(BEFORE)
    return path


def append(path: Path, content: bytes) -> None:
    with path.open("ab") as file:
        file.write(content)


def read(since: positions.Positions, *paths: Path) -> bytes:
    return b"".join(part for path in paths for part in since.since(path))


def test_only_what_was_appended_is_read(log: Path) -> None:
    ends = positions.take([log])
    assert read(ends, log) == b""
    append(log, DURING)
    assert read(ends, log) == DURING


def test_a_new_log_is_read_whole(log: Path) -> None:
    ends = positions.take([])
    assert read(ends, log) == BEFORE
    assert read(NOTHING, log) == BEFORE


def test_a_log_that_was_empty_is_read_whole(tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    log.touch()
    ends = positions.take([log])
    append(log, DURING)
    assert read(ends, log) == DURING


def renamed(log: Path) -> list[Path]:
    append(log, DURING)
    log.rename(log.with_name("app.log.1"))
    log.write_bytes(LATER)
    return [log.with_name("app.log.1"), log]


def copied_and_truncated(log: Path) -> list[Path]:
    append(log, DURING)
    shutil.copy(log, log.with_name("app.log.1"))
    log.write_bytes(LATER)
    return [log.with_name("app.log.1"), log]


def packed(suffix: str, pack: Callable[[bytes], bytes]) -> Callable[[Path], list[Path]]:
    def rotate(log: Path) -> list[Path]:
        append(log, DURING)
        archive = log.with_name(f"app.log.1{suffix}")
        archive.write_bytes(pack(log.read_bytes()))
        log.unlink()
        log.write_bytes(LATER)
        return [archive, log]

    return rotate


def zstd(content: bytes) -> bytes:
    if shutil.which("zstd") is None:
        pytest.skip("there is no zstd")
    return subprocess.run(["zstd", "-qc"], input=content, capture_output=True, check=True).stdout


ROTATIONS = {
    "renamed": renamed,
    "copied and truncated": copied_and_truncated,
    "gzip": packed(".gz", gzip.compress),
    "bzip2": packed(".bz2", bz2.compress),
    "xz": packed(".xz", lzma.compress),
    "zstd": packed(".zst", zstd),
}


@pytest.mark.parametrize("how", ROTATIONS)
def test_a_rotation_loses_and_doubles_nothing(how: str, log: Path) -> None:
    ends = positions.take([log])
    assert read(ends, *ROTATIONS[how](log)) == DURING + LATER


def test_an_archive_that_was_there_is_not_read_again_nor_when_it_moves_on(log: Path) -> None:
    archive = log.with_name("app.log.1.gz")
    archive.write_bytes(gzip.compress(b"older lines\n" * 9))
    plain = log.with_name("app.log.2")
    plain.write_bytes(b"much older lines\n" * 9)
    ends = positions.take([log, archive, plain])
    moved = archive.rename(log.with_name("app.log.2.gz"))
    repacked = log.with_name("app.log.3.gz")
    repacked.write_bytes(gzip.compress(plain.read_bytes()))
    assert read(ends, log, moved, repacked) == b""


def test_a_log_that_grew_past_its_old_end_after_a_truncation_is_read_whole(log: Path) -> None:
    ends = positions.take([log])
    fresh = b"".join(b"2026-11-27T00:00:%02d INFO line %d of today\n" % (n % 60, n) for n in range(900))
    log.write_bytes(fresh)
    assert len(fresh) > len(BEFORE)
    assert read(ends, log) == fresh


def test_a_huge_log_is_read_up_to_a_limit_that_is_said(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ends = positions.take([log])
    append(log, DURING)
    monkeypatch.setattr(positions, "MOST", 10)
    parts = ends.since(log)
    assert next(parts) == DURING[:10]
    with pytest.raises(NotRead, match=r"app\.log: only the first 0 MiB were read"):
        next(parts)


@pytest.mark.parametrize("suffix", [".gz", ".bz2", ".xz", ".zst"])
def test_a_damaged_archive_is_named(suffix: str, tmp_path: Path) -> None:
    archive = tmp_path / f"app.log.1{suffix}"
    archive.write_bytes(b"not packed at all")
    with pytest.raises(NotRead, match=r"app\.log\.1"):
        list(files.parts(archive))


def test_an_archive_without_its_program_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = tmp_path / "app.log.1.zst"
    archive.touch()
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NotRead, match="needs the program zstd"):
        list(files.parts(archive))


def test_a_program_that_unpacks_has_ended_when_its_reader_stops(tmp_path: Path) -> None:
    archive = tmp_path / "app.log.1.zst"
    archive.write_bytes(zstd(b"x" * 30_000_000))
    content = files.parts(archive)
    next(content)
    content.close()  # type: ignore[attr-defined]
    children = Path("/proc/self/task").glob("*/children")
    names = [Path(f"/proc/{pid}/comm") for file in children for pid in file.read_text().split()]
    assert [name for name in names if name.exists() and name.read_text() == "zstd\n"] == []
