"""Where logs end at one time, so that later only what was written since is read, however they were rotated."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from chaos.log_errors import files

MOST = 1 << 27
"""Bytes of one log that are read at most."""


@dataclass(frozen=True, slots=True)
class Position:
    """The end of a log. The digest of its beginning recognises it in a copy, truncated or packed."""

    size: int  # bytes, unpacked
    head: bytes

    @property
    def length(self) -> int:
        return min(self.size, files.HEAD)

    def begins(self, content: bytes) -> bool:
        """True if content that begins so is this log's, or a copy of it."""
        return len(content) >= self.length and _digest(content[: self.length]) == self.head


@dataclass(frozen=True, slots=True)
class Positions:
    """The ends of several logs; `whole`: packed ones, which no longer change. `at`: the instant, in seconds since the
    epoch."""

    ends: tuple[Position, ...]
    whole: Mapping[tuple[int, int], int]
    at: float = 0.0

    def since(self, path: Path) -> Iterator[bytes]:
        """What a log holds beyond its end then; all of one that is new. Raises NotRead."""
        if self._unchanged(path):
            return
        yield from limited(files.parts(path, self._known), str(path))

    def _known(self, head: bytes) -> int:
        """Bytes of a log that begins so that were there then."""
        return max((end.size for end in self.ends if end.size and end.begins(head)), default=0)

    def _unchanged(self, path: Path) -> bool:
        try:
            found = path.stat()
        except OSError:
            return False
        return self.whole.get((found.st_dev, found.st_ino)) == found.st_size


NOTHING = Positions((), {})


def limited(content: Iterable[bytes], name: str) -> Iterator[bytes]:
    """The first `MOST` bytes. Raises NotRead after them if there are more."""
    left = MOST
    for part in content:
        yield part[:left]
        left -= len(part)
        if left < 0:
            raise files.NotRead(f"{name}: only the first {MOST >> 20} MiB were read")


def take(paths: Iterable[Path]) -> Positions:
    """The ends of these logs now. One that cannot be read has none: later it is read whole."""
    ends, whole, at = [], {}, time.time()
    for path in paths:
        try:
            found = path.stat()
            if path.suffix in files.PACKED:
                whole[found.st_dev, found.st_ino] = found.st_size
                continue
            with path.open("rb") as file:
                ends.append(Position(found.st_size, _digest(file.read(min(found.st_size, files.HEAD)))))
        except OSError:
            continue
    return Positions(tuple(ends), whole, at)


def _digest(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()
