"""One service of a project: an API with a pool, a gateway before it (UPSTREAM), or the cache.

service.py PORT|redis. What the pool is made of: DATABASE_URL, or DB_HOST, DB_PORT, DB_USERNAME, DB_PASSWORD and
DB_DATABASE; POOL sessions, opened at the beginning. CELERY_BROKER_URL: one session with the cache, asked each second.
"""

from __future__ import annotations

import json
import os
import queue
import socket
import sys
import threading
import time
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

import psycopg

WITHIN = 3  # seconds
POOL: queue.Queue[psycopg.Connection[Any]] = queue.Queue()


def connect() -> psycopg.Connection[Any]:
    names = {"host": "HOST", "port": "PORT", "user": "USERNAME", "password": "PASSWORD", "dbname": "DATABASE"}
    given = os.environ.get("DATABASE_URL")
    options: dict[str, Any] = {} if given else {name: os.environ[f"DB_{of}"] for name, of in names.items()}
    return psycopg.connect(given or "", autocommit=True, connect_timeout=WITHIN, **options)


def fill(size: int) -> None:
    end = time.monotonic() + 60
    while POOL.qsize() < size:
        try:
            POOL.put(connect())
        except psycopg.Error:
            if time.monotonic() > end:
                raise
            time.sleep(0.3)


class Service(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        try:
            status, said = 200, self.answer()
        except Exception as error:
            status, said = 500, {"error": type(error).__name__}
        body = json.dumps(said).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def answer(self) -> dict[str, Any]:
        if upstream := os.environ.get("UPSTREAM"):
            with urllib.request.urlopen(upstream + self.path, timeout=WITHIN + 2) as answer:
                told: dict[str, Any] = json.load(answer)
                return told
        connection = POOL.get(timeout=WITHIN)
        try:
            row = connection.execute("select 6 * 7").fetchone()
        except psycopg.Error:
            connection.close()
            connection = connect()
            raise
        finally:
            POOL.put(connection)
        return {"value": row, "at": socket.gethostname()}


def ask_the_cache(url: str) -> None:
    parts = urlsplit(url)
    while True:
        try:
            with socket.create_connection((str(parts.hostname), parts.port or 6379), timeout=WITHIN) as cache:
                cache.sendall(b"PING\r\n")
                while cache.recv(64):
                    time.sleep(1)
                    cache.sendall(b"PING\r\n")
        except OSError:
            time.sleep(0.5)


def serve_the_cache() -> None:
    def serve(connection: socket.socket) -> None:
        while asked := connection.recv(256):
            known = {b"AUTH": b"+OK\r\n", b"CLIENT": b"-NOPERM it may not\r\n"}
            answer = next((said for word, said in known.items() if word in asked), b"+PONG\r\n")
            connection.sendall(answer)

    with socket.create_server(("0.0.0.0", 6379)) as listener:
        while True:
            threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()


def main(role: str) -> None:
    if role == "redis":
        serve_the_cache()
    if broker := os.environ.get("CELERY_BROKER_URL"):
        threading.Thread(target=ask_the_cache, args=(broker,), daemon=True).start()
    fill(int(os.environ.get("POOL", "0")))
    server = ThreadingHTTPServer(("0.0.0.0", int(role)), Service)
    server.daemon_threads = True
    server.serve_forever()


if __name__ == "__main__":
    main(sys.argv[1])
