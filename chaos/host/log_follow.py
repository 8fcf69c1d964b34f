"""Follow logs by their inodes while they are rotated, and find their lines again in the files afterwards.

A program for `chaos.host.worker`, here or in a sidecar. Specification: logs (paths or patterns), places (further
directories of archives), line_id (a regular expression, or null), deadline (seconds). It follows until its standard
input says `end`, then reads the files and prints its report; see `Report`.
"""

from __future__ import annotations

import json
import re
import select
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from chaos.host import log_descriptors, log_found
from chaos.host.log_inode import Followed
from chaos.host.log_tally import Tally

EVERY = 0.02  # seconds from look to look
_NAMES_EVERY, _WRITERS_EVERY = 0.5, 5.0  # seconds: patterns and descriptors are looked up less often
KEPT_WRITING = 5.0  # seconds in which a writer reopens its log, or begins the next line


@dataclass(frozen=True, slots=True)
class OfLog:
    """One log. `lost`: lines seen while they were written, or missing by their numbers, and in no file afterwards.

    `at_most`: how many may be lost with those that nothing could see, written between the last look and a truncation;
    None if the kernel shows no bound.
    """

    log: str
    lines: int  # seen
    found: int
    lost: int
    at_most: int | None
    doubled: int
    unseen: int  # found, though not seen
    missing: int | None  # numbers that neither was seen nor found; None: no line counts up
    by: str  # id | line | count
    truncations: int
    gap_bytes: int | None  # written unseen before truncations, at most
    kept_writing: list[str]  # in words, by file
    stopped: bool  # no line came after the rotation
    files: int
    unread: str


@dataclass(frozen=True, slots=True)
class Report:
    """All logs. `rotations`: how often a log's name led to another file; a truncation is counted with its log."""

    rotations: int
    logs: list[OfLog]


class Follower:
    """Everything that was written to the logs, from creation on, as long as `look` is called often enough."""

    def __init__(self, logs: Sequence[str], places: Sequence[str] = (), line_id: str | None = None) -> None:
        self._patterns, self._places = list(logs), list(places)
        self._line_id = re.compile(line_id.encode()) if line_id is not None else None
        self.tallies: dict[str, Tally] = {}  # by log
        self.followed: dict[tuple[int, int], Followed] = {}
        self._current: dict[str, tuple[int, int]] = {}  # by path
        self._packed = dict[tuple[int, int], int]()  # archives of before that no longer change: size by inode
        self.rotations = 0
        self._names = self._writers = -_WRITERS_EVERY
        self._find_names()
        for path in self._current:
            for archive in log_found.archives(path, list(self._current), self._places):
                self._former(archive, path)
        self.look()

    def look(self) -> None:
        """Read what was added to each file, then see which file each log is now."""
        now = time.monotonic()
        if now - self._writers >= _WRITERS_EVERY:
            self._find_writers(now)
        for each in list(self.followed.values()):
            each.look()
        for path in list(self._current):
            self._is_now(path)
        if now - self._names >= _NAMES_EVERY:
            self._names = now
            self._find_names()

    def position(self, log: str) -> int:
        """How far the file that the log is now has been read, in bytes."""
        each = self.followed.get(self._current[log])
        return each.position if each is not None else 0

    def report(self) -> Report:
        """Look once more, and find what was seen in the files."""
        self.look()
        return Report(rotations=self.rotations, logs=[self._of(log) for log in self._current])

    def _of(self, log: str) -> OfLog:
        tally = self.tallies[log]
        mine = {inode: each for inode, each in self.followed.items() if each.log == log}
        files, unread = log_found.find(log, list(self._current), self._places, mine, self._packed, tally)
        gaps = [most for each in mine.values() for most in each.gaps]
        known = [most for most in gaps if most is not None]
        gap_bytes = sum(known) if len(known) == len(gaps) else None
        told = tally.lost(gap_bytes)
        lost = told.lost + (told.missing or 0)
        return OfLog(
            log=log,
            lines=told.seen,
            found=told.found,
            lost=lost,
            at_most=_at_most(lost, tally, gap_bytes, told.unseen_bytes),
            doubled=told.doubled,
            unseen=told.unseen,
            missing=told.missing,
            by=told.by,
            truncations=len(gaps),
            gap_bytes=gap_bytes,
            kept_writing=[text for each in mine.values() for text in _kept_writing(each)],
            stopped=self._has_stopped(log, list(mine.values())),
            files=files,
            unread=unread,
        )

    def close(self) -> None:
        for each in self.followed.values():
            each.close()

    def _former(self, archive: Path, log: str) -> None:
        with suppress(OSError):
            if archive.suffix in log_found.PACKED:
                told = archive.stat()
                self._packed[told.st_dev, told.st_ino] = told.st_size
            else:
                self._follow(str(archive), log, old=True)

    def _follow(self, path: str, log: str, *, old: bool) -> tuple[int, int] | None:
        tally = self.tallies.setdefault(log, Tally(self._line_id))
        try:
            each = Followed(path, log, tally, old)
        except OSError:
            return None
        if each.inode in self.followed:
            each.close()
        else:
            self.followed[each.inode] = each
        return each.inode

    def _is_now(self, path: str) -> None:
        """See whether the path leads to another file than before."""
        try:
            told = Path(path).stat()
            inode = told.st_dev, told.st_ino
        except OSError:  # renamed, and not created again
            inode = (0, 0)
        before = self._current[path]
        if inode == before:
            return
        if before in self.followed and self.followed[before].moved is None:
            self.rotations += 1
            self.followed[before].moved = time.monotonic()
        self._current[path] = inode
        if inode != (0, 0):
            self._current[path] = self._follow(path, path, old=False) or (0, 0)
            self._writers = -_WRITERS_EVERY
            if each := self.followed.get(self._current[path]):
                each.look()

    def _find_names(self) -> None:
        """Follow files that the patterns newly match. At first, what they hold is not of the run."""
        first = not self._current
        for path in log_found.matching(self._patterns):
            if path not in self._current and (inode := self._follow(path, path, old=first)) is not None:
                self._current[path] = inode

    def _find_writers(self, now: float) -> None:
        self._writers = now
        for inode, found in log_descriptors.descriptors(self.followed).items():
            self.followed[inode].writers(found)

    def _has_stopped(self, log: str, mine: list[Followed]) -> bool:
        """Return True if lines came before the rotation, and none since."""
        moved = max((one.moved for one in mine if one.moved is not None), default=None)
        if moved is None or time.monotonic() - moved < KEPT_WRITING:
            return False
        current = self.followed.get(self._current[log])
        before = sum(one.lines - one.lines_moved for one in mine if one.moved is not None)
        since = sum(one.lines_moved for one in mine) + (current.lines if current is not None else 0)
        return before > 0 and since == 0


def _at_most(lost: int, tally: Tally, gap: int | None, found: int) -> int | None:
    """In a gap, lines may be lost that only their numbers show. Without: as many as fit, of the shortest known."""
    if tally.is_exact:
        return lost
    return None if gap is None else lost + max(0, gap - found) // max(1, tally.shortest)


def _kept_writing(each: Followed) -> Iterator[str]:
    """A file that was still written to long after it had been rotated."""
    if each.moved is not None and each.lines_moved and each.grown - each.moved >= KEPT_WRITING:
        there = each.name_now() or "a removed file"
        yield f"{each.path}: {each.lines_moved} lines into {there}, up to {each.grown - each.moved:.0f} s after"


def main() -> None:
    spec: dict[str, Any] = json.loads(sys.stdin.readline())
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, spec["deadline"])
    follower = Follower(spec["logs"], spec["places"], spec["line_id"])
    print(json.dumps({"started": len(follower.followed)}), flush=True)
    while not select.select([sys.stdin], [], [], EVERY)[0]:
        follower.look()
    if sys.stdin.readline() == "end\n":  # else midnight is gone
        print(json.dumps(asdict(follower.report())), flush=True)


if __name__ == "__main__":
    main()
