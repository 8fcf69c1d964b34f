"""An ASGI application that leaks at one route each, and at `/calm` nothing. It knows nothing of midnight."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from typing import IO, Any

DATA = os.environ["SERVICE_DATA"]
PEER = "127.0.0.1", int(os.environ["SERVICE_PEER"])
OPENED: list[IO[str]] = []
CONNECTIONS: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
HEARTBEATS: set[asyncio.Task[Any]] = set()
PAGES: list[bytes] = []
PIECE = 4000  # bytes: more than what Python's own allocator serves
MORE = 200_000  # bytes by which each request needs more than the one before


def keep_a_file() -> None:
    OPENED.append(open(DATA))  # noqa: PTH123, SIM115  # leak: file


async def keep_a_connection() -> None:
    CONNECTIONS.append(await asyncio.open_connection(*PEER))  # leak: socket


async def beat() -> None:
    await asyncio.Event().wait()  # leak: task


def keep_a_page() -> None:
    PAGES.append(os.urandom(MORE))


class Peak:
    """What the latest request needed, and the piece of it that is kept: it lies above the rest."""

    size = 0
    last = b""


def take_more_than_before() -> None:
    Peak.size += MORE
    Peak.last = [os.urandom(PIECE) for _ in range(Peak.size // PIECE)][-1]


async def calm() -> None:
    with open(DATA) as data:  # noqa: PTH123
        data.read()
    _, writer = await asyncio.open_connection(*PEER)
    writer.close()
    await writer.wait_closed()
    await asyncio.gather(*(asyncio.create_task(asyncio.sleep(0.001)) for _ in range(5)))


async def application(
    scope: dict[str, Any], _receive: object, send: Callable[[dict[str, Any]], Awaitable[None]]
) -> None:
    if scope["type"] != "http":
        raise NotImplementedError(scope["type"])
    match scope["path"]:
        case "/file":
            keep_a_file()
        case "/socket":
            await keep_a_connection()
        case "/task":
            HEARTBEATS.add(asyncio.create_task(beat()))
        case "/page":
            keep_a_page()
        case "/peak":
            take_more_than_before()
        case "/calm":
            await calm()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"3")]})
    await send({"type": "http.response.body", "body": b"ok\n"})
