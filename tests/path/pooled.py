"""A small service with a pool of database sessions, each request on the one that was used longest ago.

pooled.py PORT DSN SIZE
"""

from __future__ import annotations

import queue
import socketserver
import sys
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import psycopg

PROGRAM = __file__


def main() -> None:
    port, dsn, size = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    pool: queue.Queue[psycopg.Connection] = queue.Queue()

    def opened() -> psycopg.Connection:
        return psycopg.connect(dsn, autocommit=True, connect_timeout=5)

    for _ in range(size):
        pool.put(opened())

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            session, status = pool.get(), 200
            try:
                session.execute("select repeat('x', 2000)").fetchone()
            except psycopg.Error:
                status = 500
                session.close()
                with suppress(psycopg.Error):
                    session = opened()
            pool.put(session)
            self.send_response(status)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, format: str, *args: object) -> None:
            """Nothing."""

    socketserver.TCPServer.request_queue_size = 128
    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    print("ready", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
