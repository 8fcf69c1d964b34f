"""Log directories before and after: an archive may be renamed and compressed, and must still be there."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from chaos.host import listing
from chaos.record.inventory.files_compared import compared

Act = Callable[[Path], object]

LINES = b"".join(b"2026-11-26 line %d of yesterday\n" % number for number in range(20_000))


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    """A live log, yesterday's plain archive, a compressed one, and a link to a log below."""
    (tmp_path / "app.log").write_bytes(LINES[:1000])
    (tmp_path / "app.log.1").write_bytes(LINES)
    (tmp_path / "app.log.2.gz").write_bytes(gzip.compress(LINES[::-1]))
    (tmp_path / "nginx").mkdir()
    (tmp_path / "nginx/access.log").write_bytes(b"GET /\n")
    (tmp_path / "access.log").symlink_to("nginx/access.log")
    return tmp_path


def told(logs: Path, act: Act) -> set[tuple[str, str]]:
    """What is told of each file after the act, by its name in the directory."""
    live = [str(logs / "app.log")]
    before = listing.listing(logs, live)["files"]
    act(logs)
    after = listing.listing(logs, live)["files"]
    return {(str(Path(name).relative_to(logs)), field) for name, field, _ in compared(before, after)}


def append(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"one more line\n")


def rotate(logs: Path) -> None:
    """As logrotate does by `compress` and `create`."""
    (logs / "app.log.2.gz").rename(logs / "app.log.3.gz")
    (logs / "app.log.2.gz").write_bytes(gzip.compress((logs / "app.log.1").read_bytes()))
    (logs / "app.log.1").unlink()
    (logs / "app.log").rename(logs / "app.log.1")
    (logs / "app.log").touch()


@pytest.mark.parametrize(
    ("act", "expected"),
    [
        (lambda _: None, set()),
        (lambda logs: append(logs / "app.log"), set()),
        (lambda logs: append(logs / "nginx/access.log"), {("nginx/access.log", "~grown")}),
        (
            rotate,
            {("app.log", "inode"), ("app.log.1", "moved"), ("app.log.2.gz", "moved")},
        ),
        (lambda logs: (logs / "app.log.1").unlink(), {("app.log.1", "lost")}),
        (lambda logs: (logs / "app.log.1").write_bytes(LINES[:99]), {("app.log.1", "lost")}),
        (lambda logs: (logs / "app.log").unlink(), {("app.log", "gone")}),
        (lambda logs: os.truncate(logs / "app.log", 0), {("app.log", "shrunk")}),
        (lambda logs: (logs / "app.log").chmod(0o600), {("app.log", "mode")}),
        (lambda logs: (logs / "app.log.2.gz").chmod(0o600), {("app.log.2.gz", "mode")}),
        (lambda logs: (logs / "access.log").unlink(), {("access.log", "gone")}),
        (lambda logs: (logs / "midnight-run-step").touch(), {("midnight-run-step", "new")}),
        (lambda logs: (logs / "app.log.zip").touch(), {("app.log.zip", "~new")}),
    ],
    ids=[
        "nothing",
        "the live log grows",
        "another log grows",
        "rotated",
        "an archive is gone",
        "an archive is overwritten",
        "the live log is gone",
        "the live log is cut",
        "other rights of the log",
        "other rights of an archive",
        "a link is gone",
        "a file of midnight's",
        "a file of somebody else's",
    ],
)
def test_the_fate_of_each_file_is_reported(logs: Path, act: Act, expected: set[tuple[str, str]]) -> None:
    found = told(logs, act)
    if act is rotate:  # the live log's own archive is new; its content was not read while it was written
        found -= {("app.log.3.gz", "~new"), ("app.log.1", "~new")}
    assert found == expected


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress], ids=["gz", "bz2", "xz"])
@pytest.mark.parametrize(
    "budget", [0, listing.BUDGET], ids=["only its beginning is read", "it is read whole"]
)
def test_an_archive_is_known_again_after_it_was_compressed(
    logs: Path, pack: Callable[[bytes], bytes], budget: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "BUDGET", budget)

    def compress(logs: Path) -> None:
        (logs / "app.log.1.packed").write_bytes(pack((logs / "app.log.1").read_bytes()))
        (logs / "app.log.1").unlink()

    assert told(logs, compress) == {("app.log.1", "moved")}


def test_a_truncated_compression_is_not_an_archive(logs: Path) -> None:
    def cut_off(logs: Path) -> None:
        (logs / "app.log.1.gz").write_bytes(gzip.compress(LINES)[:-20])

    assert told(logs, cut_off) == {("app.log.1.gz", "damaged"), ("app.log.1.gz", "~new")}


def test_a_cut_in_a_large_archive_is_detected_by_its_length(
    logs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "BUDGET", 0)

    def cut_off(logs: Path) -> None:
        (logs / "app.log.1.gz").write_bytes(gzip.compress(LINES)[:-20])
        (logs / "app.log.1").unlink()

    assert ("app.log.1", "lost") in told(logs, cut_off)


def test_a_directory_that_cannot_be_read_is_not_an_empty_one(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        listing.listing(tmp_path / "away")


def test_files_beyond_the_listed_number_are_reported(logs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "MOST", 3)
    found = listing.listing(logs)
    assert found["cut"] and len(found["files"]) == 3
