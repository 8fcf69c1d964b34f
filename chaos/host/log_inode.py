"""One log file, followed by its inode: whatever its name becomes, and also when it is truncated.

Standard library only: it also runs in a sidecar.
"""

from __future__ import annotations

import errno
import os
import time
from dataclasses import dataclass, field

from chaos.host import log_descriptors
from chaos.host.log_descriptors import Descriptor
from chaos.host.log_tally import Tally
from chaos.host.log_unpacked import CHUNK

HEAD = 65_536  # bytes at the beginning of a file by which a copy of it is recognised
_SAMPLE = 256  # bytes of it that are compared at each look
_SAMPLED_EVERY = 0.1  # seconds: the account of its writers
_MOST_HOLE = 1 << 16


@dataclass(slots=True)
class Segment:
    """What a file held between two truncations: its beginning, and the bytes that were there before the run."""

    start: int
    head: bytes = b""
    first: bytes = b""  # the first bytes after a hole, where it begins with one


@dataclass(slots=True)
class Followed:
    """Keeps the file open, so that its inode is not reused, and reads what is added to it."""

    path: str
    log: str  # the log that it is, or was
    tally: Tally
    old: bool = False  # it was there when following began: what it holds is not of the run
    fd: int = field(init=False)
    inode: tuple[int, int] = field(init=False)
    segments: list[Segment] = field(init=False)
    position: int = field(init=False)
    # truncations: the most bytes that may have been written before each and not seen; None: not known
    gaps: list[int | None] = field(default_factory=list)
    lines: int = 0
    grown: float = 0.0  # when it last grew, on the monotonic clock
    moved: float | None = None  # when its path was first seen to lead elsewhere
    lines_moved: int = 0  # written after that
    _rest: bytes = b""
    _writers: list[Descriptor] = field(default_factory=list)
    _written: int | None = None  # by the writers, at an instant after which everything was read
    _sampled: float = 0.0  # when
    _stood: dict[Descriptor, int | None] = field(default_factory=dict)  # the writers, at the last truncation
    _cut: bool = False  # nothing was read since it was truncated
    _changed: int = 0  # its modification time at the last look
    _before: int = 0  # how far it was read before that

    def __post_init__(self) -> None:
        """Raises OSError."""
        self.fd = os.open(self.path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        found = os.fstat(self.fd)
        self.inode = found.st_dev, found.st_ino
        self.position = found.st_size if self.old else 0
        self.segments = [Segment(self.position, os.pread(self.fd, min(self.position, HEAD), 0))]
        self._changed = found.st_mtime_ns
        if self.old:
            last = os.pread(self.fd, HEAD, max(0, self.position - HEAD))
            self.tally.before(last.split(b"\n")[0 if self.position <= HEAD else 1 : -1])

    def writers(self, found: list[Descriptor]) -> None:
        """Its descriptors for writing, as found now."""
        if {pid for pid, _ in found} != {pid for pid, _ in self._writers}:
            self._written, self._sampled = None, 0.0
        self._writers = found

    def look(self) -> None:
        """Read what was added since the last look."""
        found = os.fstat(self.fd)
        size, changed = found.st_size, found.st_mtime_ns != self._changed
        self._changed = found.st_mtime_ns
        if not changed and size == self.position and time.monotonic() - self._sampled < _SAMPLED_EVERY:
            return
        # one that is empty, and was, has changed: written to, and truncated
        if size < self.position or (changed and (self._is_another() or size == self.position == 0)):
            self._truncated(size)
        self._sampled, written = time.monotonic(), self._account()
        self._read_on()
        self._written = written

    def name_now(self) -> str | None:
        """The present path; None if its last name was removed."""
        if os.fstat(self.fd).st_nlink == 0:
            return None
        return os.readlink(f"/proc/self/fd/{self.fd}").removesuffix(" (deleted)")

    def close(self) -> None:
        os.close(self.fd)

    def _is_another(self) -> bool:
        """True if its beginning is not what it was: it was truncated, and has grown again beyond the old size."""
        segment = self.segments[-1]
        known, at = (segment.first, segment.start) if segment.first else (segment.head[:_SAMPLE], 0)
        return bool(known) and os.pread(self.fd, len(known), at) != known

    def _truncated(self, size: int) -> None:
        """The offset of a writer that appends is the end of its last write until it writes again."""
        most = self._unseen(size)
        again = os.fstat(self.fd).st_size
        if size == 0 and again:  # written meanwhile: the offset proves nothing any more
            most = self._by_account(again)
        self.gaps.append(most)
        self.tally.gap()
        self.segments.append(Segment(0))
        self._before, self.position, self._rest, self._cut = self.position, 0, b"", True

    def _unseen(self, size: int) -> int | None:
        before = self._stood
        self._stood = {each: log_descriptors.position(each, self.inode) for each in self._writers}
        if size == 0 and self._stood and None not in self._stood.values():
            # one that has not moved since the last truncation has written nothing since
            last = [at for each, at in self._stood.items() if at is not None and at != before.get(each)]
            return max(0, max(last, default=0) - self.position)
        return self._by_account(size)

    def _account(self) -> int | None:
        return log_descriptors.written({pid for pid, _ in self._writers}) if self._writers else None

    def _by_account(self, size: int) -> int | None:
        now = self._account()
        if now is None or self._written is None:
            return None
        return max(0, now - self._written - size)

    def _read_on(self) -> None:
        if self._cut:
            self._skip_hole()
        while part := os.pread(self.fd, CHUNK, self.position):
            segment = self.segments[-1]
            if len(segment.head) < HEAD and self.position == len(segment.head):
                segment.head += part[: HEAD - len(segment.head)]
            self.position += len(part)
            self._take(part)

    def _skip_hole(self) -> None:
        """A writer that does not append goes on where it was: what is before is a hole, exactly up to the end of its
        last write before the truncation."""
        begin = self._data()
        if begin is None:
            return
        first = os.pread(self.fd, _MOST_HOLE, begin)
        hole = begin + len(first) - len(first.lstrip(b"\0"))
        if not first.strip(b"\0"):
            return
        self._cut = False
        if hole:
            self.gaps[-1] = max(0, hole - self._before)
            self.segments[-1] = Segment(hole, first=os.pread(self.fd, _SAMPLE, hole))
            self.position = hole

    def _data(self) -> int | None:
        try:
            return os.lseek(self.fd, 0, os.SEEK_DATA)
        except OSError as error:
            return None if error.errno == errno.ENXIO else 0

    def _take(self, part: bytes) -> None:
        *lines, self._rest = (self._rest + part.replace(b"\0", b"")).split(b"\n")
        self.lines += len(lines)
        self.grown = time.monotonic()
        if self.moved is not None:
            self.lines_moved += len(lines)
        if lines:
            self.tally.see(lines)
