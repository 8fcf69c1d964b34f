"""A small HTTP server that answers well or badly, by path, and counts what it was asked."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
import threading
from collections import Counter
from dataclasses import dataclass, field

_RAW = {
    "/garbage": b"this is not HTTP\r\n\r\n",
    "/bad-chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzzz\r\nno\r\n",
    "/truncated": b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nten bytes!",
    "/hang-up": b"",
}
_POSTED = {
    "/not-json": "ledger of stone",
    "/wrong-seq": '{"seq": -7}',
    "/not-a-mapping": "[1]",
    "/deep": "[" * 200_000,
}


@dataclass
class Request:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    connection: int  # counted from 1 in the order they were opened


@dataclass
class Server:
    """Runs in a thread between `start` and `stop`. What it saw stays readable."""

    port: int = 0
    requests: list[Request] = field(default_factory=list)
    pages: list[str] = field(default_factory=list)  # answers to /page, in order; the last one again and again
    said: dict[str, tuple[int, str, str]] = field(default_factory=dict)  # by path: status, header lines, body

    def __post_init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._open = asyncio.Event()
        self._asked = threading.Condition()
        self._connections = 0
        self._thread = threading.Thread(target=self._loop.run_forever)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        self._open.set()
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(10)

    def stop(self) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def stall(self) -> None:
        """Take requests, and answer none until `release`."""
        self._loop.call_soon_threadsafe(self._open.clear)

    def release(self) -> None:
        self._loop.call_soon_threadsafe(self._open.set)

    def wait_for(self, count: int, path: str) -> None:
        """Return once `path` was asked for `count` times."""
        with self._asked:
            assert self._asked.wait_for(lambda: self.counts()[path] >= count, timeout=20)

    def counts(self) -> Counter[str]:
        return Counter(request.path for request in list(self.requests))

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, backlog=1000)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _close(self) -> None:
        self._server.close()
        serving = asyncio.all_tasks() - {asyncio.current_task()}
        for task in serving:
            task.cancel()
        await asyncio.gather(*serving, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connections += 1
        number = self._connections
        answered = 0
        try:
            while request := await _read(reader, number):
                with self._asked:
                    self.requests.append(request)
                    self._asked.notify_all()
                await self._open.wait()
                if not await self._answer(request, writer, answered):
                    break
                answered += 1
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _answer(self, request: Request, writer: asyncio.StreamWriter, answered: int) -> bool:
        """Answer one request; False when the connection is to be closed after it."""
        path = request.path
        if path in _RAW:
            writer.write(_RAW[path])
            return False
        if path == "/reset" or (path == "/reset-when-kept" and answered):
            _reset(writer)
            return False
        if path == "/hang":
            await asyncio.Event().wait()
        status, text = self._content(request)
        extra = "Location: /ok\r\nSet-Cookie: a=b\r\n" if status == 302 else ""
        if path in self.said:
            status, extra, text = self.said[path]
        body = text.encode()
        head = f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\n{extra}\r\n"
        writer.write(head.encode() + (b"" if request.method == "HEAD" else body))
        return True

    def _content(self, request: Request) -> tuple[int, str]:
        path = request.path.partition("?")[0]
        if path == "/records":
            return 201, json.dumps({"seq": json.loads(request.body)["seq"]})
        if path == "/page":
            return 200, self.pages.pop(0) if len(self.pages) > 1 else self.pages[0]
        if path == "/graphql":
            return 200, '{"data": null, "errors": [{"message": "the database is down"}]}'
        if path in _POSTED:
            return 200, _POSTED[path]
        return {"/error": 500, "/moved": 302, "/missing": 404}.get(path, 200), "{}"


def _reset(writer: asyncio.StreamWriter) -> None:
    peer: socket.socket = writer.get_extra_info("socket")
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def _read(reader: asyncio.StreamReader, connection: int) -> Request | None:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
    except asyncio.IncompleteReadError:
        return None
    first, *lines = head.strip().split("\r\n")
    method, path, _ = first.split()
    headers = {
        name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)
    }
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Request(method, path, headers, body, connection)
