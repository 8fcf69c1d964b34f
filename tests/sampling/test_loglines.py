"""Which log lines are still there: also when a rotation was cut off in the middle."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from chaos.sampling import loglines


def lines(first: int, last: int) -> bytes:
    return b"".join(b"2026-01-01 INFO line pid=7 n=%d %d\n" % (n, n * 7919) for n in range(first, last + 1))


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
