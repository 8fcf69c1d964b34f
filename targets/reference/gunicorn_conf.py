"""gunicorn's configuration; run by path, so the package is imported by its name."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from reference.settings import load  # type: ignore[import-not-found]

_config = load()
_api = _config.profile.api

_config.metrics_directory.mkdir(parents=True, exist_ok=True)
os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(_config.metrics_directory)

bind = f"{_config.listen.host}:{_config.listen.api}"
worker_class = "gevent"
workers = _api.workers
worker_connections = _api.worker_connections
timeout = _api.gunicorn_timeout
# A worker that shuts down also waits for idle clients; if killed for that, it could not write the end of its log.
graceful_timeout = 10
keepalive = 2
logger_class = "reference.gunicorn_logger.AccessLogger"
accesslog = str(_config.logs / "access.log")
errorlog = str(_config.logs / "error.log")
worker_tmp_dir = str(_config.scratch)
pidfile = str(_config.scratch / "gunicorn.pid")
control_socket_disable = True


def on_starting(server: Any) -> None:  # noqa: ARG001  gunicorn's signature
    """Drop metrics of an earlier process: a reused pid would inherit them."""
    for left in Path(_config.metrics_directory).glob("*.db"):
        left.unlink()


def worker_exit(server: Any, worker: Any) -> None:  # noqa: ARG001  gunicorn's signature
    """Flush queued lines, and write the last line of the log."""
    application = getattr(worker, "wsgi", None)
    if application is not None:
        application.extensions["reference"].log.close()
        application.extensions["reference.errors"].close()


def child_exit(server: Any, worker: Any) -> None:  # noqa: ARG001  gunicorn's signature
    """A dead worker holds no connection: drop its gauges."""
    from prometheus_client import multiprocess

    multiprocess.mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]
