"""A service that holds records, of which a test knows what was lost, changed or doubled; it lists them in every way."""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

Answer = tuple[int, Any, Mapping[str, str]]
"""Status, body (text or a JSON document), and headers."""


@dataclass
class Holding:
    """Runs in a thread between `start` and `stop`; `records` are (key, note) in the order of the list."""

    records: list[tuple[Any, Any]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    page: int = 3
    first: Callable[[str], Answer | None] | None = None
    """Answers a path instead, unless it gives None."""

    def start(self) -> None:
        handler = type("Handler", (_Handler,), {"holding": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def answer(self, path: str) -> Answer:
        parts = urlsplit(path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if parts.path.startswith("/items/"):
            key = unquote(parts.path.removeprefix("/items/"))
            found = [record for record in self.records if str(record[0]) == key]
            return (200, _shown(found[0]), {}) if found else (404, {}, {})
        return _LISTS[parts.path](self, query)

    def remove(self, path: str) -> None:
        key = unquote(urlsplit(path).path.removeprefix("/items/"))
        self.removed.append(key)
        self.records = [record for record in self.records if str(record[0]) != key]

    def all(self, _: Mapping[str, str]) -> Answer:
        return 200, {"items": list(map(_shown, self.records))}, {}

    def offset(self, query: Mapping[str, str]) -> Answer:
        first = int(query["offset"])
        return 200, {"items": list(map(_shown, self.records[first : first + int(query["limit"])]))}, {}

    def paged(self, query: Mapping[str, str]) -> Answer:
        first = (int(query["page"]) - 1) * int(query["limit"])
        if first and first >= len(self.records):
            return 404, {"detail": "no such page"}, {}
        return self.offset({"offset": str(first), "limit": query["limit"]})

    def cursor(self, query: Mapping[str, str]) -> Answer:
        first = int(query.get("cursor", "c0")[1:])
        end = first + self.page
        following = f"c{end}" if end < len(self.records) else ""
        return 200, {"items": list(map(_shown, self.records[first:end])), "next": following}, {}

    def following(self, query: Mapping[str, str]) -> Answer:
        """The next page's address in the answer, as Django REST framework gives it."""
        first = int(query.get("from", "0"))
        end = first + self.page
        address = f"{self.url}/following?from={end}" if end < len(self.records) else None
        return 200, {"items": list(map(_shown, self.records[first:end])), "next": address}, {}

    def link(self, query: Mapping[str, str]) -> Answer:
        first = int(query.get("from", "0"))
        end = first + self.page
        links = ['</link?from=0>; rel="first"']
        links += [f'</link?from={end}>; rel="next"'] if end < len(self.records) else []
        return 200, list(map(_shown, self.records[first:end])), {"Link": ", ".join(links)}

    def after(self, query: Mapping[str, str]) -> Answer:
        """In order of numbers, with a sign that the list is over."""
        rest = [record for record in self.records if int(record[0]) > int(query["after"])]
        rest.sort(key=lambda record: int(record[0]))
        limit = int(query["limit"])
        return 200, {"items": list(map(_shown, rest[:limit])), "last": len(rest) <= limit}, {}


_LISTS: Mapping[str, Callable[[Holding, Mapping[str, str]], Answer]] = {
    "/all": Holding.all,
    "/offset": Holding.offset,
    "/paged": Holding.paged,
    "/cursor": Holding.cursor,
    "/following": Holding.following,
    "/link": Holding.link,
    "/after": Holding.after,
}


def _shown(record: tuple[Any, Any]) -> dict[str, Any]:
    return {"id": record[0], "note": {"text": record[1]}}


class _Handler(BaseHTTPRequestHandler):
    holding: Holding
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        self.holding.asked.append(self.path)
        instead = self.holding.first(self.path) if self.holding.first is not None else None
        self._send(*(instead or self.holding.answer(self.path)))

    def do_DELETE(self) -> None:
        self.holding.remove(self.path)
        self._send(204, "", {})

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: the tests look at `asked`."""

    def _send(self, status: int, document: Any, headers: Mapping[str, str]) -> None:
        body = (document if isinstance(document, str) else json.dumps(document)).encode()
        body = gzip.compress(body) if headers.get("Content-Encoding") == "gzip" else body
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
