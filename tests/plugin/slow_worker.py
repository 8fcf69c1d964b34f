"""A release that became slower: gunicorn's gevent worker, with an answer held back by a share of what it took.

Planted by `GUNICORN_CMD_ARGS=--worker-class=tests.plugin.slow_worker.SlowWorker`, so the product knows nothing of it.
"""

from __future__ import annotations

import os
import time
from typing import Any

from gunicorn.workers.ggevent import GeventWorker

SHARE = "MIDNIGHT_TEST_SLOWER_BY"


class Slower:
    """The application, and everything else that is asked of it."""

    def __init__(self, application: Any, share: float) -> None:
        self._application, self._share = application, share

    def __call__(self, environ: Any, start_response: Any) -> Any:
        begun = time.monotonic()
        answer = self._application(environ, start_response)
        time.sleep(self._share * (time.monotonic() - begun))
        return answer

    def __getattr__(self, name: str) -> Any:
        return getattr(self._application, name)


class SlowWorker(GeventWorker):  # type: ignore[misc]
    wsgi: Any

    def load_wsgi(self) -> None:
        super().load_wsgi()
        self.wsgi = Slower(self.wsgi, float(os.environ[SHARE]))
