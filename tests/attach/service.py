"""A small HTTP service that midnight did not start: it answers, keeps records, and may ask for a header."""

from __future__ import annotations

import json
import ssl
import sys
import threading
import time
import traceback
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

HEADER = "X-Api-Key"
Told = tuple[str | None, str | None]
"""What a request said in HEADER and in `Authorization`."""


@dataclass
class Service:
    """Runs in a thread between `start` and `stop`. What it was asked stays readable."""

    wants: Told | None = None  # what the two headers must hold: else 401
    takes: float = 0.0  # seconds for each answer, beside its work
    bad_after: int | None = None  # answers 500 from its n-th item on
    echoes: bool = False  # answers the question for its records with both headers, and no HTTP
    moves: bool = False  # sends whoever asks for something elsewhere
    tls: ssl.SSLContext | None = None
    asked: list[tuple[str, Told]] = field(default_factory=list)  # path and headers of each request
    records: dict[int, str] = field(default_factory=dict)  # checksum by key
    first_wins: bool = False  # what is under a key already stays: an append-only service
    loses: int = 0  # acknowledges every n-th record and keeps none of it; 0: keeps all
    removed: list[int] = field(default_factory=list)
    metrics: str = ""  # what it answers at /metrics
    log: Path | None = None  # where it writes a traceback for each 500

    def __post_init__(self) -> None:
        self.items = self._appended = 0
        handler = type("Handler", (_Handler,), {"service": self})
        self._server = _Server(("127.0.0.1", 0), handler)
        if self.tls is not None:
            self._server.socket = self.tls.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}" if self.tls is None else f"https://localhost:{self.port}"

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)

    def fail(self) -> None:
        """Fail to find an item, and log how."""
        try:
            raise LookupError(f"no item {self.items}")
        except LookupError:
            if self.log is not None:
                entry = f"{datetime.now().isoformat(' ')} ERROR service: no answer\n{traceback.format_exc()}"
                with self.log.open("a") as file:
                    file.write(entry)

    def keep(self, key: int, checksum: str) -> None:
        self._appended += 1
        if self.loses and self._appended % self.loses == 0:
            return
        if self.first_wins:
            self.records.setdefault(key, checksum)
        else:
            self.records[key] = checksum

    def remove(self, keys: list[int]) -> None:
        for key in keys:
            self.records.pop(key, None)
            self.removed.append(key)

    def paths(self) -> set[str]:
        return {path.partition("?")[0] for path, _ in list(self.asked)}


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        # A client may hang up; what is printed of that would count as midnight's own words.
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    service: Service
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        time.sleep(self.service.takes)
        if not self._may():
            self._answer(401, {})
        elif self.service.moves and parts.path != "/elsewhere":
            self._answer(302, {})
        elif parts.path == "/records" and self.service.echoes:
            self.wfile.write(f"HTTP/1.1 200 OK\r\n{self._told()}\r\n\r\n".encode())
            self.close_connection = True
        elif parts.path == "/records":
            self._answer(200, self._page(parse_qs(parts.query)))
        elif parts.path == "/count":
            self._answer(200, {"records": {"kept": len(self.service.records)}})
        elif parts.path == "/metrics":
            self._answer(200, self.service.metrics)
        elif parts.path.startswith("/items/"):
            self.service.items += 1
            bad = self.service.bad_after is not None and self.service.items > self.service.bad_after
            if bad:
                self.service.fail()
            self._answer(500 if bad else 200, {})
        else:
            self._answer(200 if parts.path == "/ready" else 404, {})

    def do_POST(self) -> None:
        time.sleep(self.service.takes)
        record = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or b"{}")
        if not self._may():
            self._answer(401, {})
            return
        if self.path not in ("/records", "/records/remove"):
            self._answer(404, {})
            return
        if self.path == "/records/remove":
            self.service.remove(record["seq"])
            self._answer(200, {})
            return
        self.service.keep(record["seq"], record["checksum"])
        self._answer(201, {"seq": record["seq"]})

    def do_DELETE(self) -> None:
        if not self._may():
            self._answer(401, {})
            return
        self.service.remove([int(self.path.rpartition("/")[2])])
        self._answer(200, {})

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: the tests look at `asked`."""

    def _may(self) -> bool:
        self.service.asked.append((self.path, self._told()))
        return self.service.wants in (None, self._told())

    def _told(self) -> Told:
        return self.headers.get(HEADER), self.headers.get("Authorization")

    def _page(self, query: dict[str, list[str]]) -> dict[str, Any]:
        after, limit = int(query["after"][0]), int(query["limit"][0])
        seqs = sorted(seq for seq in dict(self.service.records) if seq > after)
        records = [{"seq": seq, "checksum": self.service.records[seq]} for seq in seqs[:limit]]
        return {"records": records, "last": len(seqs) <= limit}

    def _answer(self, status: int, document: dict[str, Any] | str) -> None:
        body = (document if isinstance(document, str) else json.dumps(document)).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        if status == 302:
            self.send_header("Location", "/elsewhere")
        self.end_headers()
        self.wfile.write(body)
