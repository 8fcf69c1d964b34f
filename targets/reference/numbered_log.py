"""app.log: one numbered line per request, so that a reader can detect a lost line."""

from __future__ import annotations

import logging
import os
from io import TextIOWrapper
from pathlib import Path

from . import metrics
from .queued_file import QueuedFile
from .settings import Log


class DurableFile(logging.FileHandler):
    """The usual way: written, and occasionally synced, by the request that logs."""

    def __init__(self, path: Path, fsync_every: int | None) -> None:
        super().__init__(path)
        self._fsync_every = fsync_every
        self._since_fsync = 0

    def emit(self, record: logging.LogRecord) -> None:
        """Write the line; blocks the whole worker for as long as the disk takes."""
        super().emit(record)
        self._since_fsync += 1
        if self._fsync_every is not None and self._since_fsync >= self._fsync_every:
            self._since_fsync = 0
            if isinstance(self.stream, TextIOWrapper):
                os.fsync(self.stream.fileno())


class NumberedLog:
    """Numbers the lines of this process 1, 2, 3, ..., the last one at its end."""

    def __init__(self, path: Path, settings: Log) -> None:
        self._pid = os.getpid()
        self._count = 0
        self._handler: QueuedFile | DurableFile
        if settings.mode == "queued":
            self._handler = QueuedFile(path, settings.queue_size, settings.fsync_every)
        else:
            self._handler = DurableFile(path, settings.fsync_every)
        self._handler.setFormatter(
            logging.Formatter(
                "%(asctime)s.%(msecs)03d %(levelname)s %(name)s %(message)s", "%Y-%m-%dT%H:%M:%S"
            )
        )
        self._logger = logging.getLogger("reference.request")
        self._logger.setLevel(logging.INFO)
        self._logger.propagate = False
        self._logger.addHandler(self._handler)

    def write(self, text: str) -> None:
        """Log one line with the next number."""
        self._count += 1
        if isinstance(self._handler, QueuedFile):
            metrics.LOG_QUEUE_DEPTH.set(self._handler.depth)
        self._logger.info("pid=%d n=%d %s", self._pid, self._count, text)
        metrics.LOG_LINES.inc()

    def close(self) -> None:
        """Log a last line, write everything and close the file."""
        self._logger.info("pid=%d n=%d closed", self._pid, self._count + 1)
        self._handler.close()
        self._logger.removeHandler(self._handler)
