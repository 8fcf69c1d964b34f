"""error.log: the tracebacks of requests that failed, beside gunicorn's own lines."""

from __future__ import annotations

import logging
import time
from pathlib import Path

from .queued_file import QueuedFile
from .settings import Log


class AFew(logging.Filter):
    """Passes so many records a second; app.log tells every failed request anyway."""

    def __init__(self, per_second: int) -> None:
        super().__init__()
        self._per_second, self._second, self._passed = per_second, 0, 0

    def filter(self, record: logging.LogRecord) -> bool:  # noqa: ARG002  logging's signature
        """True for the first records of each second."""
        second = int(time.monotonic())
        self._passed = self._passed + 1 if second == self._second else 1
        self._second = second
        return self._passed <= self._per_second


def write_errors_to(path: Path, settings: Log, name: str) -> logging.Handler:
    """Let the logger of that name write to the file; return the handler, to be closed at the end."""
    handler: logging.Handler
    if settings.mode == "queued":
        handler = QueuedFile(path, settings.queue_size, fsync_every=None)
    else:
        handler = logging.FileHandler(path)
    # without a level: else Flask takes it for none, and writes each record a second time, through gunicorn
    handler.setFormatter(
        logging.Formatter(
            "%(asctime)s.%(msecs)03d %(levelname)s %(name)s pid=%(process)d %(message)s", "%Y-%m-%dT%H:%M:%S"
        )
    )
    if settings.tracebacks_per_second is not None:
        handler.addFilter(AFew(settings.tracebacks_per_second))
    logging.getLogger(name).addHandler(handler)
    return handler
