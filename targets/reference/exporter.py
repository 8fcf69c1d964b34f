"""Serve the workers' metrics from a separate process: readable even if every worker is stuck."""

from __future__ import annotations

import os
import signal
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from .settings import load


class Metrics(BaseHTTPRequestHandler):
    """Every path returns the metrics."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer with the sum over the workers."""
        from . import metrics

        body = metrics.exposition()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing: it is scraped several times a second."""


class Server(ThreadingHTTPServer):
    """Shuts down without waiting for keep-alive connections."""

    daemon_threads = True
    block_on_close = False


def main() -> None:
    """Serve until SIGTERM."""
    config = load()
    config.metrics_directory.mkdir(parents=True, exist_ok=True)
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(config.metrics_directory)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with Server((config.listen.host, config.listen.metrics), Metrics) as server:
        server.serve_forever()


if __name__ == "__main__":
    main()
