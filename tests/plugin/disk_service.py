"""A service whose every answer is first written to a file and synced, as a database does it.

Usage: python disk_service.py FILE PORT
"""

from __future__ import annotations

import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    file: int

    def do_GET(self) -> None:
        if self.path != "/ready":
            try:
                os.pwrite(self.file, bytes(8192), 0)
                os.fsync(self.file)
            except OSError:
                self.send_error(500)
                return
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing is printed."""


def main(file: str, port: str) -> None:
    Handler.file = os.open(file, os.O_CREAT | os.O_WRONLY, 0o600)
    server = ThreadingHTTPServer(("127.0.0.1", int(port)), Handler)
    server.daemon_threads = True
    server.serve_forever()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
