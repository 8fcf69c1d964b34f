"""Which log lines are still there: also when a rotation was cut off in the middle."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from chaos.sampling import loglines


def lines(first: int, last: int, pid: int = 7) -> bytes:
    return b"".join(
        b"2026-01-01 INFO line pid=%d n=%d %d\n" % (pid, n, n * 7919) for n in range(first, last + 1)
    )


def rotated(directory: Path) -> Path:
    """Lines 1 to 30 in two files, and 2000 more in a compressed one."""
    (directory / "app.log").write_bytes(lines(21, 30) + b"INFO line pid=7 end=2030\n")
    (directory / "app.log.1").write_bytes(lines(1, 20))
    packed = directory / "app.log.2.gz"
    packed.write_bytes(gzip.compress(lines(31, 2030)))
    return packed


def test_a_rotated_and_compressed_log_is_counted_whole(tmp_path: Path) -> None:
    rotated(tmp_path)
    found = loglines.count(tmp_path)
    assert (found.lines, found.expected, found.lost, found.doubled) == (2030, 2030, 0, 0)
    assert found.complete, found.because


@pytest.mark.parametrize("damage", ["cut off", "garbled", "no gzip"])
def test_a_compressed_file_that_cannot_be_read_is_named_and_the_count_not_complete(
    damage: str, tmp_path: Path
) -> None:
    packed = rotated(tmp_path)
    whole = packed.read_bytes()
    middle = len(whole) // 2
    garbled = (
        whole[:middle] + bytes(byte ^ 0xFF for byte in whole[middle : middle + 64]) + whole[middle + 64 :]
    )
    packed.write_bytes({"cut off": whole[:middle], "garbled": garbled, "no gzip": b"plain"}[damage])
    found = loglines.count(tmp_path)
    assert not found.complete
    assert "app.log.2.gz cannot be read to its end" in found.because
    assert found.lines >= 30  # the other files are still read


@pytest.mark.parametrize("kept", [0.5, 1.0], ids=["cut off", "whole, just before its original is removed"])
def test_a_compressed_copy_beside_its_original_is_not_counted(kept: float, tmp_path: Path) -> None:
    packed = rotated(tmp_path)
    whole = packed.read_bytes()
    packed.write_bytes(whole[: int(len(whole) * kept)])
    packed.with_suffix("").write_bytes(gzip.decompress(whole))
    found = loglines.count(tmp_path)
    assert (found.lines, found.lost, found.doubled, found.complete) == (2030, 0, 0, True), found.because


def test_lines_that_stood_there_before_the_run_are_not_counted_and_lines_of_a_living_writer_go_on(
    tmp_path: Path,
) -> None:
    log, archive = tmp_path / "app.log", tmp_path / "app.log.1"
    archive.write_bytes(lines(1, 5, pid=3))  # a writer of another day, who left no last count
    log.write_bytes(lines(1, 40) + lines(1, 9, pid=8))
    before = loglines.read(tmp_path)
    archive.rename(tmp_path / "app.log.2")
    archive.write_bytes(log.read_bytes() + lines(41, 60))  # line 61 is lost
    log.write_bytes(lines(62, 70))

    found = loglines.count(tmp_path, written=30, before=before)
    assert (found.writers, found.lines, found.expected, found.lost, found.doubled) == (1, 29, 30, 1, 0)
    assert found.complete, found.because
    whole = loglines.count(tmp_path, written=30)
    assert (whole.writers, whole.expected) == (3, 84)


@pytest.mark.parametrize("end", [b"INFO line pid=7 end=40\n", b""], ids=["it said so", "it was killed"])
def test_a_new_process_of_an_old_pid_is_counted_from_its_own_first_line(tmp_path: Path, end: bytes) -> None:
    log = tmp_path / "app.log"
    log.write_bytes(lines(1, 40) + end)
    before = loglines.read(tmp_path)
    log.write_bytes(log.read_bytes() + lines(1, 4) + lines(6, 50) + b"INFO line pid=7 end=50\n")
    found = loglines.count(tmp_path, before=before)
    assert (found.lines, found.expected, found.lost, found.complete) == (49, 50, 1, True)


def test_a_log_without_new_lines_holds_no_line_of_the_run(tmp_path: Path) -> None:
    (tmp_path / "app.log").write_bytes(lines(1, 40))
    found = loglines.count(tmp_path, written=0, before=loglines.read(tmp_path))
    assert (found.writers, found.lines, found.complete) == (0, 0, False)
    assert found.because == "no numbered line was found"
