"""Write the load process's results to disk, from a separate thread.

A write to a file, even a mapped one, can block for as long as a fault keeps the disk busy, and the loop that sends
the requests must never block. So rows are kept in memory, and changed ones are written at most a tenth of a second
later; each row is written as a whole.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable
from pathlib import Path

import numpy as np

from chaos.record.hits import HitTable

PERIOD = 0.1  # seconds between two writes: the most that killing this process can lose


class Recorder:
    """The table of hits in memory; its file follows it between `start` and `finish`."""

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
        """Also call `flush` in the same thread, at the same interval."""
        self._others.append(flush)

    def start(self) -> None:
        """Write the whole table once, then continue in the thread."""
        self._write(0, len(self.table))
        self._thread.start()

    def touch(self, index: int) -> None:
        """Note that row `index` has changed."""
        self._dirty.append(index)

    def flush(self) -> None:
        """Block until all changes so far are in the file. A failure is raised by `finish`."""
        try:
            self._flush()
        except OSError as error:
            self._failure = error

    def finish(self) -> None:
        """Everything is written when this returns. Raises any write error, such as a full disk."""
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
