"""The disk's own account of what it served: numbers in a file that the server maps and anyone may read."""

from __future__ import annotations

import mmap
import os
import struct
from dataclasses import astuple, dataclass, field
from pathlib import Path

from chaos.host.disk.model import Kind


@dataclass(slots=True)
class Served:
    """The requests of one kind, since the disk was attached."""

    requests: float = 0.0
    bytes: float = 0.0
    wait: float = 0.0  # seconds from arrival to answer, summed
    errors: float = 0.0


@dataclass(slots=True)
class Account:
    at: float = 0.0  # of the monotonic clock: when this was written
    limit: float = 0.0  # bytes per second in force; 0: none
    queued: float = 0.0  # requests that wait for their answer
    oldest: float = 0.0  # of the monotonic clock: when the oldest of them arrived; 0: none waits
    stalled: float = 0.0  # seconds in which nothing was answered because of a stall
    held_back: float = 0.0  # seconds for which the first in the queue waited for the limit
    read: Served = field(default_factory=Served)
    write: Served = field(default_factory=Served)
    flush: Served = field(default_factory=Served)

    def of(self, kind: Kind) -> Served:
        return {Kind.READ: self.read, Kind.WRITE: self.write, Kind.FLUSH: self.flush}[kind]


_SHAPE = struct.Struct("=6d12d")


class Writing:
    """An account being written: others see each `write`."""

    def __init__(self, file: Path) -> None:
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            os.ftruncate(descriptor, _SHAPE.size)
            self._map = mmap.mmap(descriptor, _SHAPE.size)
        finally:
            os.close(descriptor)
        self.account = Account()

    def write(self) -> None:
        *own, read, write, flush = astuple(self.account)
        _SHAPE.pack_into(self._map, 0, *own, *read, *write, *flush)


def read(file: Path) -> Account:
    """Raises OSError if the disk is gone."""
    content = file.read_bytes()
    if len(content) != _SHAPE.size:
        raise OSError(f"{file} is not a disk's account, or that of another version of midnight")
    at, limit, queued, oldest, stalled, held_back, *kinds = _SHAPE.unpack(content)
    read_, write, flush = (Served(*kinds[first : first + 4]) for first in (0, 4, 8))
    return Account(at, limit, queued, oldest, stalled, held_back, read_, write, flush)
