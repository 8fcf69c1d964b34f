"""A Toxiproxy server of the tests' own."""

from __future__ import annotations

import secrets
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from chaos.host.ports import free_port
from chaos.host.processes import marked, spawn, stop_marked
from chaos.tools import toxiproxy as tool
from chaos.toxiproxy import Toxiproxy
from tests.waiting import wait_until_listening


@contextmanager
def toxiproxy_server() -> Iterator[Toxiproxy]:
    """Listens when it is given, and is gone afterwards."""
    mark, port = f"test-{secrets.token_hex(4)}", free_port()
    argv = [str(tool.find_binary()), "-host", "127.0.0.1", "-port", str(port)]
    spawn(argv, mark=mark, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_until_listening(port)
        yield Toxiproxy(f"http://127.0.0.1:{port}")
    finally:
        stop_marked(mark, grace=5)
    assert marked(mark) == []
