"""The bytes of a disk that files occupy, as the file system itself tells them."""

from __future__ import annotations

import os
import socket
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaos.host.disk import blocks

PAGE = 4096


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(1, 20)), max_size=12))
def test_ranges_are_merged_into_the_fewest_that_hold_the_same_bytes(found: list[tuple[int, int]]) -> None:
    ranges = [(start, start + length) for start, length in found]
    merged = blocks.merged(ranges)
    assert _bytes(merged) == _bytes(ranges)
    assert all(before[1] < after[0] for before, after in pairwise(merged))


def _bytes(ranges: blocks.Ranges | list[tuple[int, int]]) -> set[int]:
    return {each for start, end in ranges for each in range(start, end)}


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A directory on a file system that tells."""
    written(tmp_path / "probe", 1)
    try:
        blocks.extents(tmp_path / "probe")
    except OSError as error:
        pytest.skip(f"the file system below {tmp_path} tells no extents: {error}")
    (tmp_path / "files").mkdir()
    return tmp_path / "files"


def written(file: Path, pages: int) -> Path:
    with file.open("wb") as stream:
        stream.write(os.urandom(PAGE * pages))
        stream.flush()
        os.fsync(stream.fileno())
    return file


def test_a_file_occupies_as_much_as_was_written_and_a_hole_nothing(place: Path) -> None:
    file = written(place / "holed", 2)
    with file.open("r+b") as stream:
        stream.truncate(100 * PAGE)
    assert sum(end - start for start, end in blocks.extents(file)) == 2 * PAGE
    assert blocks.extents(written(place / "other", 1)) != blocks.extents(file)


def test_more_extents_than_are_listed_at_once_are_all_found(place: Path) -> None:
    with (place / "fragmented").open("wb") as stream:
        for number in range(3 * blocks.MOST):
            os.pwrite(stream.fileno(), bytes(PAGE), 2 * number * PAGE)  # with holes between
        os.fsync(stream.fileno())
    assert len(blocks.extents(place / "fragmented")) >= blocks.MOST
    occupied = blocks.occupied(place)
    assert occupied and sum(end - start for start, end in occupied) == 3 * blocks.MOST * PAGE


def test_all_files_below_count_and_what_has_no_blocks_does_not(place: Path) -> None:
    (place / "below").mkdir()
    files = [written(place / "one", 1), written(place / "below/two", 3)]
    expected = blocks.merged([each for file in files for each in blocks.extents(file)])
    (place / "empty").touch()
    (place / "link").symlink_to(files[0])
    (place / "dangling").symlink_to("nowhere")
    os.mkfifo(place / "pipe")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(os.path.relpath(place / "socket"))
    assert blocks.occupied(place) == expected


def test_without_files_nothing_is_occupied(place: Path) -> None:
    assert blocks.occupied(place) == ()
    assert blocks.occupied(place / "gone") == ()


def test_a_file_system_that_does_not_tell_is_not_taken_for_an_empty_one() -> None:
    assert blocks.occupied(Path("/proc/self/net")) is None
