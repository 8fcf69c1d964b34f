"""The end of the chain: a webhook receiver of midnight's own, to which the team's Alertmanager delivers."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

NAME = "midnight"
"""Of the receiver in Alertmanager's configuration: by it midnight knows that it is wired up."""
HOST = "127.0.0.1"
LARGEST = 4_000_000  # bytes of one notification
WITHIN = 5.0  # seconds for one to arrive


@dataclass(frozen=True, slots=True)
class Notified:
    """One alert of a notification."""

    name: str
    labels: Mapping[str, str]
    status: str  # firing or resolved


def url(port: int) -> str:
    return f"http://{HOST}:{port}/alerts"


def block(port: int) -> str:
    """What to add to Alertmanager's configuration: beside the team's receivers, which go on as before."""
    return f"""\
route:
  routes:                       # first of the list; the others follow
    - receiver: {NAME}
      continue: true
      group_wait: 0s
      group_interval: 5s
receivers:
  - name: {NAME}
    webhook_configs:
      - {{url: "{url(port)}", send_resolved: true, max_alerts: 0}}
"""


class Receiver:
    """Calls `got` from threads of its own between `start` and `stop`."""

    def __init__(self, got: Callable[[list[Notified]], None]) -> None:
        self._handler = type("Handler", (_Handler,), {"got": staticmethod(got)})
        self._server: ThreadingHTTPServer | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        assert self._server is not None, "after `start`"
        return url(self._server.server_port)

    def start(self, port: int) -> None:
        """Listen on this port, 0 for any. Raises OSError."""
        self._server = _Server((HOST, port), self._handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.1,), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        if self._server is not None and self._thread is not None:
            self._server.shutdown()
            self._server.server_close()
            self._thread.join()
            self._server = None


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Nothing: a client may hang up, and its traceback would count as midnight's own words."""


class _Handler(BaseHTTPRequestHandler):
    got: Callable[[list[Notified]], None]
    timeout = WITHIN

    def do_POST(self) -> None:
        try:
            length = int(self.headers.get("Content-Length", ""))
            if not 0 <= length <= LARGEST:
                raise ValueError("too large")
            alerts = list(_alerts(json.loads(self.rfile.read(length))))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            self.send_error(HTTPStatus.BAD_REQUEST)
            return
        self.got(alerts)
        self.send_response(HTTPStatus.OK)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: what was delivered is in the journal."""


def _alerts(document: Any) -> Iterator[Notified]:
    for each in document["alerts"]:
        labels = {str(key): str(value) for key, value in each["labels"].items()}
        yield Notified(labels.pop("alertname", ""), labels, str(each["status"]))
