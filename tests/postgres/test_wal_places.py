"""LSNs, names of segments, and the way through timelines."""

from __future__ import annotations

import pytest

from chaos.postgres.wal import Segment, Timelines, lsn, segment, show_lsn, timelines

MIB = 1 << 20


def test_an_lsn_is_read_as_it_is_shown() -> None:
    assert lsn("16/B374D848") == 0x16B374D848
    assert show_lsn(0x16B374D848) == "16/B374D848"


@pytest.mark.parametrize("text", ["", "16", "16/", "x/1", "1/123456789"])
def test_a_text_that_is_not_an_lsn_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="an LSN is written as"):
        lsn(text)


@pytest.mark.parametrize("size", [1 * MIB, 16 * MIB, 1024 * MIB])
def test_a_segment_is_found_by_its_name_across_the_border_of_a_log_file(size: int) -> None:
    last = Segment(3, (1 << 32) // size - 1, size)
    following = Segment(3, (1 << 32) // size, size)
    assert following.name == "000000030000000100000000"
    assert [segment(one.name, size) for one in (last, following)] == [last, following]
    assert following.start == 1 << 32


def test_the_segment_in_which_a_timeline_forks_is_read_from_the_younger_one() -> None:
    fork = lsn("0/5000110")
    along = timelines(2, "1\t0/5000110\tno recovery target specified\n")
    assert along == Timelines(((1, fork),), 2)
    names = [one.name for one in along.segments(lsn("0/3000028"), lsn("0/6000000"), 16 * MIB)]
    assert names == [
        "000000010000000000000003",
        "000000010000000000000004",
        "000000020000000000000005",
        "000000020000000000000006",
    ]


def test_each_timeline_of_several_forks_ends_where_the_next_begins() -> None:
    along = timelines(4, "1\t0/3000000\tx\n\n3\t0/9000000\tx\n")
    assert along.numbers() == (1, 3, 4)
    assert [along.begins(number) for number in (1, 3, 4)] == [0, lsn("0/3000000"), lsn("0/9000000")]
    assert [along.ends(number) for number in (1, 3, 4)] == [lsn("0/3000000"), lsn("0/9000000"), None]
