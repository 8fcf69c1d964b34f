"""A service with planted leaks, as WSGI and as ASGI. Each route leaks one thing; the line that does so is marked."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from functools import lru_cache
from typing import Any

HANDLES: list[Any] = []
RAW: list[int] = []
SOCKETS: list[socket.socket] = []
CONTEXTS: dict[int, dict[str, str]] = {}
SESSIONS: list[Any] = []
TASKS: list[Any] = []
RECENT: deque[str] = deque(maxlen=5)
LISTENER = socket.create_server(("127.0.0.1", 0), backlog=4096)


class Model:
    def __init__(self, name: str) -> None:
        self.name = name


class Cache:
    def __init__(self) -> None:
        self._kept: dict[str, Model] = {}
        self._raw: dict[str, bytes] = {}

    def model(self, name: str) -> Model:
        if name not in self._kept:
            self._kept[name] = Model(name)  # leak: objects
        return self._kept[name]

    def data(self, name: str) -> bytes:
        return self._raw.setdefault(name, name.encode() * 10)  # leak: bytes


EXTENSIONS: dict[str, Any] = {"models": Cache()}


def _file() -> None:
    number, path = tempfile.mkstemp(prefix="planted-")
    os.close(number)
    HANDLES.append(open(path))  # leak: file  # noqa: SIM115, PTH123
    os.unlink(path)  # noqa: PTH108


def _raw() -> None:
    number, path = tempfile.mkstemp(prefix="planted-")  # leak: raw
    os.unlink(path)  # noqa: PTH108
    RAW.append(number)


def _socket() -> None:
    SOCKETS.append(_connected())  # the caller: its helper connects


def _connected() -> socket.socket:
    return socket.create_connection(LISTENER.getsockname())  # leak: socket


def _forgotten() -> None:
    forgotten = socket.create_connection(LISTENER.getsockname())  # leak: forgotten
    del forgotten


def _greenlet() -> None:
    import gevent

    TASKS.append(gevent.spawn(gevent.sleep, 3600))  # leak: greenlet


def _native() -> None:
    _starter()(_wait_for_ever, ())


def _starter() -> Callable[..., Any]:
    if "gevent" in sys.modules:
        from gevent import monkey

        return monkey.get_original("_thread", "start_new_thread")  # type: ignore[no-any-return]
    return lambda act, _: threading.Thread(target=act, daemon=True).start()


def _wait_for_ever() -> None:
    sleep = time.sleep
    if "gevent" in sys.modules:
        from gevent import monkey

        sleep = monkey.get_original("time", "sleep")
    while True:
        sleep(3600)  # leak: native


def _work() -> None:
    """An ordinary request: some milliseconds, a file, a connection, all given back."""
    with open("/proc/self/status") as source, socket.create_connection(LISTENER.getsockname()):  # noqa: PTH123
        rows = [{"line": line, "number": number} for number, line in enumerate(source)]
    accepted, _ = LISTENER.accept()
    accepted.close()
    for _ in range(20):
        json.loads(json.dumps(rows))


def _context() -> None:
    context = {"route": "context", "at": str(time.time())}
    CONTEXTS[id(context)] = context  # leak: context


def _session() -> None:
    from sqlalchemy import text

    session = _engine().connect()  # leak: session
    session.execute(text("select 1"))
    SESSIONS.append(session)


@lru_cache(maxsize=1)
def _engine() -> Any:
    from sqlalchemy import create_engine

    place = os.environ["PLANTED_DATABASE"]
    return create_engine(f"sqlite:///{place}", pool_size=40, connect_args={"check_same_thread": False})


@lru_cache(maxsize=4)
def remembered(number: int) -> str:
    return str(number)


async def _for_ever() -> None:
    await asyncio.sleep(3600)  # leak: task


async def _task() -> None:
    TASKS.append(asyncio.get_running_loop().create_task(_for_ever()))


_count = 0


def leak(name: str) -> None:
    """What a request for /NAME does."""
    global _count  # noqa: PLW0603
    _count += 1
    if name == "objects":
        EXTENSIONS["models"].model(f"m{_count}")
    elif name == "bytes":
        EXTENSIONS["models"].data(f"b{_count}")
    elif name == "innocent":
        RECENT.append(remembered(_count))
    elif name != "plain":
        globals()[f"_{name}"]()


def application(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
    leak(environ["PATH_INFO"].strip("/"))
    start("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "3")])
    return [b"ok\n"]


async def asgi(scope: dict[str, Any], receive: Any, send: Callable[[Any], Awaitable[None]]) -> None:
    if scope["type"] == "lifespan":
        await _lifespan(receive, send)
        return
    name = scope["path"].strip("/")
    if name == "task":
        await _task()
    else:
        leak(name)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"3")]})
    await send({"type": "http.response.body", "body": b"ok\n"})


async def _lifespan(receive: Any, send: Callable[[Any], Awaitable[None]]) -> None:
    while (message := await receive())["type"] != "lifespan.shutdown":
        await send({"type": f"{message['type']}.complete"})
    await send({"type": "lifespan.shutdown.complete"})
