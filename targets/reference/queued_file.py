"""A log file written by a separate OS thread, so that a slow disk blocks no request."""

from __future__ import annotations

import _thread
import logging
import os
from pathlib import Path
from queue import SimpleQueue
from typing import Any, BinaryIO

from gevent import monkey

# Patched threads and queues are greenlets of the hub, which must not block; these are the native ones.
start_native_thread = monkey.get_original("_thread", "start_new_thread")
native_lock = monkey.get_original("_thread", "allocate_lock")
NativeQueue: type[SimpleQueue[Any]] = monkey.get_original("queue", "SimpleQueue")

BATCH_LINES = 500
CLOSE_SECONDS = 5.0


class Reopen:
    """Tell the thread that the file was renamed."""


class Stop:
    """Tell the thread to write what is left and end."""


class QueuedFile(logging.Handler):
    """Passes lines to a native thread; if `queue_size` lines are queued, the next is dropped and counted.

    The thread starts with the first line, so a process that forks before it writes is safe.
    """

    def __init__(self, path: Path, queue_size: int, fsync_every: int | None) -> None:
        super().__init__()
        self._path = path
        self._queue_size = queue_size
        self._fsync_every = fsync_every
        self._queue: SimpleQueue[bytes | Reopen | Stop] = NativeQueue()
        self._started = False
        self._ended: _thread.LockType = native_lock()

    @property
    def depth(self) -> int:
        """Lines not yet taken by the thread."""
        return self._queue.qsize()

    def emit(self, record: logging.LogRecord) -> None:
        """Queue the line; never blocks."""
        if self.depth >= self._queue_size:
            _count_drop()
            return
        if not self._started:
            self._started = True
            self._ended = native_lock()
            self._ended.acquire()
            start_native_thread(self._write_all, ())
        self._queue.put(self.format(record).encode() + b"\n")

    def reopen(self) -> None:
        """Write lines queued so far to the old file, and later ones to a new one."""
        if self._started:
            self._queue.put(Reopen())

    def close(self) -> None:
        """Return once all is written, or after five seconds."""
        if self._started:
            self._queue.put(Stop())
            self._ended.acquire(timeout=CLOSE_SECONDS)
            self._started = False
        super().close()

    def _write_all(self) -> None:
        file = self._path.open("ab")
        since_fsync = 0
        try:
            while True:
                lines, order = self._take()
                since_fsync = self._write(file, lines, since_fsync)
                if isinstance(order, Stop):
                    return
                if isinstance(order, Reopen):
                    file.close()
                    file = self._path.open("ab")
        finally:
            file.close()
            self._ended.release()

    def _take(self) -> tuple[list[bytes], Reopen | Stop | None]:
        """Wait for a line or an order, and take the queued lines up to the next order."""
        lines: list[bytes] = []
        item = self._queue.get()
        while isinstance(item, bytes):
            lines.append(item)
            if len(lines) >= BATCH_LINES or self._queue.empty():
                return lines, None
            item = self._queue.get()
        return lines, item

    def _write(self, file: BinaryIO, lines: list[bytes], since_fsync: int) -> int:
        file.write(b"".join(lines))
        file.flush()
        since_fsync += len(lines)
        if self._fsync_every is not None and since_fsync >= self._fsync_every:
            os.fsync(file.fileno())
            return 0
        return since_fsync


def _count_drop() -> None:
    # Imported late: the arbiter loads this module too, and must not open metric files of its own.
    from . import metrics

    metrics.LOG_LINES_DROPPED.inc()
