"""A small service as a process of its own: it shows what it is told to, and holds a log open."""

from __future__ import annotations

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

SHOWN: dict[str, object] = {
    "/healthz": {"ok": True},
    "/openapi.json": {
        "openapi": "3.0.0",
        "info": {"title": "shop", "version": "1"},
        "paths": {
            "/items/{item}": {
                "get": {
                    "parameters": [{"name": "item", "in": "path", "schema": {"type": "integer"}}],
                    "responses": {"200": {"description": "good"}},
                }
            },
            "/gone": {"get": {"responses": {"200": {"description": "never"}}}},
            "/items": {"post": {"responses": {"201": {"description": "added"}}}},
        },
    },
    "/items/1": {"id": 1},
    "/debug/pprof/goroutine?debug=1": "goroutine profile: total 4\n",
    "/metrics": "sqlalchemy_pool_size 5\nsqlalchemy_pool_max_overflow 0\nsqlalchemy_pool_checkedout 1\n",
}


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        found = SHOWN.get(self.path)
        body = (found if isinstance(found, str) else json.dumps(found)).encode()
        self.send_response(200 if found is not None else 404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        print(format % args, file=LOG, flush=True)


if __name__ == "__main__":
    LOG = Path(sys.argv[1]).open("a", encoding="utf-8")  # noqa: SIM115
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    print(server.server_address[1], flush=True)
    server.serve_forever()
