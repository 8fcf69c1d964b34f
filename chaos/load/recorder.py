"""Puts on the disk what the load process has seen, from a thread of its own.

A write to a file, a mapped one too, can wait for the disk for as long as a fault keeps that busy: the loop
that sends the requests must never be the one that waits. So rows are kept in memory, and those that changed
are written a tenth of a second later at most; each row is written whole.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable
from pathlib import Path

import numpy as np

from chaos.record.hits import HitTable

PERIOD = 0.1  # seconds between two writes: what a kill of this process can cost


class Recorder:
    """The table of hits in memory, and its file kept up with it between `start` and `finish`."""

    def __init__(self, path: Path) -> None:
        """Read the table. Raises OSError."""
        mapped = np.load(path, mmap_mode="r")
        self._offset: int = mapped.offset
        self.table: HitTable = np.array(mapped)
        self._file = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
        self._dirty: deque[int] = deque()
        self._stop = threading.Event()
        self._flushing = threading.Lock()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._others: list[Callable[[], None]] = []
        self._failure: OSError | None = None

    def also(self, flush: Callable[[], None]) -> None:
        """Call `flush` in the same thread, as often."""
        self._others.append(flush)

    def start(self) -> None:
        """Write the whole table once, then go on in the thread."""
        self._write(0, len(self.table))
        self._thread.start()

    def touch(self, index: int) -> None:
        """Row `index` has changed."""
        self._dirty.append(index)

    def flush(self) -> None:
        """All that has changed by now is in the file. Blocks; a failure is raised by `finish`."""
        try:
            self._flush()
        except OSError as error:
            self._failure = error

    def finish(self) -> None:
        """Everything is written when this returns. Raises what writing failed with, a full disk say."""
        self._stop.set()
        self._thread.join()
        os.close(self._file)
        if self._failure is not None:
            raise self._failure

    def _run(self) -> None:
        try:
            while not self._stop.wait(PERIOD):
                self._flush()
            self._flush()
        except OSError as error:
            self._failure = error

    def _flush(self) -> None:
        with self._flushing:
            changed = [self._dirty.popleft() for _ in range(len(self._dirty))]
            if changed:
                self._write(min(changed), max(changed) + 1)
            for flush in self._others:
                flush()

    def _write(self, first: int, end: int) -> None:
        size = self.table.itemsize
        data = memoryview(self.table[first:end].tobytes())
        at = self._offset + first * size
        while data:
            written = os.pwrite(self._file, data, at)
            data, at = data[written:], at + written
