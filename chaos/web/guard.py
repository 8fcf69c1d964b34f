"""What every answer is held to: no writing, no script, frame or address but our own, no other host's name."""

from __future__ import annotations

from collections.abc import Iterable

from starlette.datastructures import MutableHeaders
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOOPBACK = ("127.0.0.1", "localhost", "::1", "[::1]")

PAGE = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
REPORT = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; "
    "form-action 'none'; base-uri 'none'; frame-ancestors 'none'; sandbox"
)
"""A stored report has its style inline and no script; sandboxed, it could not run one, nor read a page of ours."""

HEADERS = {
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class Guard:
    """Reads only, asked by one of `hosts`: a page of another site cannot reach us by a name that it resolves to us."""

    def __init__(self, app: ASGIApp, hosts: Iterable[str]) -> None:
        self._app = TrustedHostMiddleware(app, [*LOOPBACK, *hosts], www_redirect=False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        app: ASGIApp = self._app
        if scope["method"] not in ("GET", "HEAD"):
            app = PlainTextResponse("read-only\n", 405, {"Allow": "GET, HEAD"})

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.setdefault("Content-Security-Policy", PAGE)
                for name, value in HEADERS.items():
                    headers[name] = value
            await send(message)

        await app(scope, receive, guarded)
