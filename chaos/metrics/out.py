"""Where the metrics go: an HTTP endpoint, a file for node_exporter, or text."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from prometheus_client import CollectorRegistry, generate_latest, start_http_server, write_to_textfile

from chaos.access import allowlist
from chaos.access.listen import host_and_port
from chaos.errors import UsageError

SUFFIX = ".prom"
"""node_exporter's textfile collector reads files of this name alone."""


@contextmanager
def served(address: str, registry: CollectorRegistry) -> Iterator[str]:
    """Serve `/metrics` on HOST:PORT; yields the URL. Raises UsageError if it cannot listen there."""
    host, port = host_and_port("--metrics", address, "127.0.0.1:9464")
    try:
        server, thread = start_http_server(port, host, registry)
    except OSError as error:
        raise UsageError(f"--metrics {address}: cannot listen there: {error.strerror or error}") from None
    try:
        yield f"http://{allowlist.in_url(host)}:{server.server_port}/metrics"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def write_file(path: Path, registry: CollectorRegistry) -> None:
    """Replace the file as a whole, so that node_exporter never reads half of one. Raises UsageError."""
    if path.suffix != SUFFIX:
        raise UsageError(f"--textfile {path}: node_exporter reads only names that end with {SUFFIX}")
    try:
        write_to_textfile(os.fspath(path), registry)
    except OSError as error:
        raise UsageError(f"--textfile {path}: cannot be written: {error.strerror or error}") from None


def text(registry: CollectorRegistry) -> str:
    """The exposition as text."""
    return generate_latest(registry).decode()
