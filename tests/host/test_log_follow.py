"""What a rotation loses is counted by following the log's inode: equal to what was planted, or within the bound."""

from __future__ import annotations

import bz2
import gzip
import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chaos.host.log_follow import Follower, OfLog

NUMBERED = r"n=(\d+)"


class Service:
    """Writes numbered lines, and is rotated in every way there is. It knows all that it ever wrote."""

    def __init__(self, place: Path, *, append: bool, alike: bool = False) -> None:
        self.log, self._append, self._alike = place / "app.log", append, alike
        (place / "old").mkdir()
        self.log.write_bytes(b"of the day before n=0\n" * 3 + b"n=0\n")
        (place / "app.log.1").write_bytes(b"of two days before\n" * 200)
        (place / "app.log.2.gz").write_bytes(gzip.compress(b"of three days before\n" * 9))
        self.written = Counter[bytes]()
        self._count, self._rotated = 0, 2
        self._open()

    def _open(self) -> None:
        flags = os.O_WRONLY | os.O_CREAT | (os.O_APPEND if self._append else 0)
        self._fd = os.open(self.log, flags, 0o644)
        if not self._append:
            os.lseek(self._fd, 0, os.SEEK_END)

    def write(self, lines: int) -> None:
        for _ in range(lines):
            self._count += 1
            numbered = b"n=%d said %d" % (self._count, self._count**3)
            # a file's first line is like no other, as with a time in it: nothing else shows that it was cut off
            alike = self._alike and self._count % 3 and os.fstat(self._fd).st_size
            line = b"all is well" if alike else numbered
            os.write(self._fd, line + b"\n")
            self.written[line] += 1

    def skip(self, lines: int) -> None:
        """Numbers of lines that never reach the file: they are lost before."""
        for _ in range(lines):
            self._count += 1
            self.written[b"n=%d said %d" % (self._count, self._count**3)] += 1

    def rename(self, *, reopen: bool, create: bool = True, into: str = "") -> Path:
        archive = self._next(into)
        self.log.rename(archive)
        if create:
            self.log.touch()
        if reopen:
            os.close(self._fd)
            self._open()
        return archive

    def copytruncate(self, between: int, after: int = 0) -> Path:
        """Lines written between the copy and the truncation are lost."""
        archive = self._next("")
        shutil.copyfile(self.log, archive)
        self.write(between)
        os.truncate(self.log, 0)
        self.write(after)
        return archive

    def pack(self, archive: Path, *, by: str = ".gz") -> None:
        packed = archive.with_name(archive.name + by)
        packed.write_bytes((gzip if by == ".gz" else bz2).compress(archive.read_bytes()))
        archive.unlink()

    def close(self) -> None:
        os.close(self._fd)

    def held(self) -> Counter[bytes]:
        """Every line that some file holds, read plainly."""
        found = Counter[bytes]()
        for path in [*self.log.parent.iterdir(), *(self.log.parent / "old").iterdir()]:
            if path.is_file():
                opened: Any = {".gz": gzip.open, ".bz2": bz2.open}.get(path.suffix, open)
                with opened(path, "rb") as file:
                    found.update(file.read().replace(b"\0", b"").split(b"\n"))
        return found

    def lost(self) -> int:
        found = self.held()
        return sum(max(0, times - found[line]) for line, times in self.written.items())

    def doubled(self) -> int:
        found = self.held()
        return sum(max(0, found[line] - times) for line, times in self.written.items())

    def _next(self, into: str) -> Path:
        self._rotated += 1
        return (
            self.log.parent
            / into
            / (f"app.log-202601{self._rotated:02d}" if into else f"app.log.{self._rotated}")
        )


@contextmanager
def serving(*, append: bool = True, alike: bool = False) -> Iterator[Service]:
    with tempfile.TemporaryDirectory() as place:
        service = Service(Path(place), append=append, alike=alike)
        try:
            yield service
        finally:
            service.close()


def follow(service: Service, line_id: str | None = None) -> Follower:
    return Follower([str(service.log)], (), line_id)


def told(follower: Follower) -> OfLog:
    try:
        (log,) = follower.report().logs
        return log
    finally:
        follower.close()


ACTS = st.lists(
    st.one_of(
        st.tuples(st.just("write"), st.integers(1, 6)),
        st.tuples(st.just("look"), st.just(0)),
        st.tuples(st.just("look"), st.just(0)),
        st.tuples(st.just("reopened"), st.integers(0, 2)),
        st.tuples(st.just("not reopened"), st.integers(0, 2)),
        st.tuples(st.just("olddir"), st.integers(0, 2)),
        st.tuples(st.just("copytruncate"), st.integers(0, 3)),
        st.tuples(st.just("regrown"), st.integers(0, 3)),
        st.tuples(st.just("removed"), st.just(0)),
        st.tuples(st.just("doubled"), st.just(0)),
    ),
    max_size=14,
)


CUTS = ("copytruncate", "regrown")


def act(service: Service, follower: Follower, name: str, n: int, archives: list[Path]) -> None:
    if name == "write":
        service.write(n)
    elif name == "look":
        follower.look()
    elif name in ("reopened", "not reopened", "olddir"):
        archives.append(service.rename(reopen=name != "not reopened", into="old" if name == "olddir" else ""))
        service.write(n)
        if n == 2:
            service.pack(archives.pop(), by=".bz2" if name == "olddir" else ".gz")
    elif name in ("copytruncate", "regrown"):
        # nothing shows what is cut off one that is empty at each look
        if follower.position(str(service.log)) == 0:
            service.write(1)
            follower.look()
        archives.append(service.copytruncate(n, 4 if name == "regrown" else 0))
    elif name == "removed" and archives:
        follower.look()
        archives.pop().unlink()
    elif name == "doubled" and archives:
        shutil.copyfile(archives[-1], service._next(""))


@pytest.mark.parametrize("append", [True, False], ids=["appends", "writes where it stands"])
@pytest.mark.parametrize("by", ["id", "line", "alike"])
@settings(max_examples=30)
@given(acts=ACTS)
def test_what_was_lost_and_doubled_is_what_was_planted_or_within_the_bound(
    append: bool, by: str, acts: list[tuple[str, int]]
) -> None:
    with serving(append=append, alike=by == "alike") as service:
        follower, archives, cut = follow(service, NUMBERED if by == "id" else None), list[Path](), False
        for name, n in acts:
            if cut and name in CUTS:
                follower.look()  # two rotations are further apart than two looks
            act(service, follower, name, n, archives)
            if name in ("reopened", "not reopened", "olddir"):
                follower.look()  # a rotation takes longer than a look
            cut = name in CUTS or (cut and name in ("write", "doubled"))
        service.write(1)
        follower.look()
        report = told(follower)
        lost, doubled = service.lost(), service.doubled()
        assert report.lost <= lost, (report, lost)
        if report.at_most is not None:
            assert lost <= report.at_most, (report, lost)
        if by == "id" and service.written:
            assert (report.lost, report.at_most, report.doubled) == (lost, lost, doubled), report
        if report.gap_bytes == 0:
            assert (report.lost, report.at_most, report.doubled) == (lost, lost, doubled), report


def test_a_service_that_never_reopens_its_log_is_told_apart_from_loss(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("chaos.host.log_follow.KEPT_WRITING", 0.0)
    with serving() as service:
        follower = follow(service)
        service.write(3)
        follower.look()
        archive = service.rename(reopen=False)
        follower.look()
        service.write(4)
        report = told(follower)
        assert (report.lost, report.at_most, report.stopped) == (0, 0, False), report
        assert report.kept_writing == [f"{service.log}: 4 lines into {archive}, up to 0 s after"]


def test_what_is_written_to_a_file_that_was_packed_and_removed_is_lost(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("chaos.host.log_follow.KEPT_WRITING", 0.0)
    with serving() as service:
        follower = follow(service)
        service.write(3)
        follower.look()
        service.pack(service.rename(reopen=False))
        follower.look()
        service.write(4)
        report = told(follower)
        assert (report.lines, report.found, report.lost, report.at_most) == (7, 3, 4, 4), report
        assert "4 lines into a removed file" in report.kept_writing[0]


def test_a_log_that_was_packed_where_it_stood_has_lost_nothing() -> None:
    with serving() as service:
        follower = follow(service)
        service.write(3)
        follower.look()
        service.pack(service.log)
        report = told(follower)
        assert (report.lines, report.found, report.lost, report.unread) == (3, 3, 0, ""), report


def test_a_service_that_stopped_writing_has_lost_nothing_and_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("chaos.host.log_follow.KEPT_WRITING", 0.0)
    with serving() as service:
        follower = follow(service)
        service.write(3)
        follower.look()
        service.rename(reopen=True)
        follower.look()
        report = told(follower)
        assert (report.lost, report.stopped, report.kept_writing) == (0, True, []), report


@pytest.mark.parametrize("line_id", [NUMBERED, None], ids=["numbered", "not numbered"])
def test_lines_cut_off_between_two_looks_are_exact_by_number_and_bounded_without(line_id: str | None) -> None:
    with serving() as service:
        follower = follow(service, line_id)
        service.write(5)
        follower.look()
        service.copytruncate(between=3)
        follower.look()
        service.write(2)
        report = told(follower)
        assert report.gap_bytes == sum(
            len(b"n=%d said %d\n" % (n, n**3)) for n in (6, 7, 8)
        )  # by its descriptor
        exact = (3, 3) if line_id else (0, report.gap_bytes // len(b"n=0\n"))
        assert (report.lost, report.at_most) == exact, report


def test_numbers_that_never_reach_the_file_are_lost_too() -> None:
    with serving() as service:
        follower = follow(service, NUMBERED)
        service.write(2)
        service.skip(3)
        service.write(1)
        report = told(follower)
        assert (report.lines, report.lost, report.missing) == (3, 3, 3), report


def test_a_damaged_archive_is_named() -> None:
    with serving() as service:
        follower = follow(service)
        service.write(3)
        service.pack(archive := service.rename(reopen=True))
        packed = archive.with_name(f"{archive.name}.gz")
        packed.write_bytes(packed.read_bytes()[:-20])
        assert f"{packed} cannot be read to its end" in told(follower).unread
