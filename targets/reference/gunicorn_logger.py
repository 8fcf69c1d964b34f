"""gunicorn's logger, with a queued access log if the profile queues logs."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from gunicorn import glogging

from .queued_file import QueuedFile
from .settings import load


class AccessLogger(glogging.Logger):  # type: ignore[misc]
    """Reopens queued files on USR1, besides the plain ones that gunicorn knows."""

    def setup(self, cfg: Any) -> None:
        """As gunicorn's; then queue the access log if the profile says so."""
        super().setup(cfg)
        log = load().profile.api.log
        if log.mode != "queued":
            return
        for plain in list(self.access_log.handlers):
            queued = QueuedFile(Path(cfg.accesslog), log.queue_size, fsync_every=None)
            queued.setFormatter(plain.formatter)
            self.access_log.removeHandler(plain)
            self.access_log.addHandler(queued)
            plain.close()

    def reopen_files(self) -> None:
        """Reopen every log file of this process."""
        super().reopen_files()
        for handler in _handlers():
            if isinstance(handler, QueuedFile):
                handler.reopen()


def _handlers() -> list[logging.Handler]:
    known = [logging.getLogger(name) for name in logging.root.manager.loggerDict]
    return [handler for logger in known for handler in logger.handlers]
