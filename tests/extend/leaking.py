"""A small service in a process of its own, which opens a file for each request and may keep it open.

python leaking.py keep|close
"""

from __future__ import annotations

import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Handler(BaseHTTPRequestHandler):
    protocol_version = (
        "HTTP/1.0"  # a kept connection is a descriptor, too, and a busy machine keeps more of them
    )

    def do_GET(self) -> None:
        opened = os.open(os.devnull, os.O_RDONLY)
        if sys.argv[1] == "close":
            os.close(opened)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing."""


server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
print(server.server_address[1], flush=True)
server.serve_forever()
