"""A WSGI application that leaks at one route each, and at `/calm` nothing. It knows nothing of midnight."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable, Iterable
from typing import IO, Any

DATA = os.environ["SERVICE_DATA"]
PEER = "127.0.0.1", int(os.environ["SERVICE_PEER"])
OPENED: list[IO[str]] = []
CONNECTIONS: list[socket.socket] = []
NEVER = threading.Event()


def keep_a_file() -> None:
    OPENED.append(open(DATA))  # noqa: PTH123, SIM115  # leak: file


def keep_a_connection() -> None:
    CONNECTIONS.append(socket.create_connection(PEER))  # leak: socket


def poll() -> None:
    NEVER.wait()  # leak: thread


def calm() -> None:
    with open(DATA) as data:  # noqa: PTH123
        data.read()
    socket.create_connection(PEER).close()
    worker = threading.Thread(target=len, args=(DATA,))
    worker.start()
    worker.join()


def application(environ: dict[str, Any], start_response: Callable[..., object]) -> Iterable[bytes]:
    match environ["PATH_INFO"]:
        case "/file":
            keep_a_file()
        case "/socket":
            keep_a_connection()
        case "/thread":
            threading.Thread(target=poll, daemon=True).start()
        case "/calm":
            calm()
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "3")])
    return [b"ok\n"]
