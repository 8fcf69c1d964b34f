"""One line and one count per request."""

from __future__ import annotations

import time
import uuid

from flask import Flask, Response, g, request

from . import metrics
from .numbered_log import NumberedLog


def observe_requests(app: Flask, log: NumberedLog) -> None:
    """Count and log every request of the application, whatever its outcome."""

    @app.before_request
    def begin() -> None:
        g.started = time.monotonic()
        metrics.IN_FLIGHT.inc()

    @app.after_request
    def end(response: Response) -> Response:
        route = request.url_rule.rule if request.url_rule is not None else "unmatched"
        metrics.REQUESTS.labels(route, str(response.status_code)).inc()
        log.write(_line(route, response))
        return response

    @app.teardown_request
    def leave(error: BaseException | None) -> None:  # noqa: ARG001  Flask's signature
        metrics.IN_FLIGHT.dec()


def _line(route: str, response: Response) -> str:
    milliseconds = (time.monotonic() - g.started) * 1000.0
    because = f' because="{g.because}"' if "because" in g else ""
    return (
        f"route={route} method={request.method} status={response.status_code} ms={milliseconds:.1f}"
        f' path="{request.full_path.rstrip("?")}" bytes={response.content_length or 0}'
        f' remote={request.remote_addr} agent="{request.user_agent.string[:60]}"'
        f" request={uuid.uuid4()}{because}"
    )
