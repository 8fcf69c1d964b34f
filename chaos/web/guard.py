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
"""A stored report has its style inline and no script; sandboxed, it could not run one, nor read another page."""

HEADERS = {
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


ACTS = "/act/"
"""What is sent to paths below it may act; without `--allow-run`, nothing may."""


class Guard:
    """Reads only, asked by one of `hosts`: a page of another site cannot reach us by a name that it resolves to us.

    `acting`: forms may be sent to `ACTS`. A browser names the page that sent one only if our policy lets it.
    """

    def __init__(self, app: ASGIApp, hosts: Iterable[str], *, acting: bool = False) -> None:
        self._app = TrustedHostMiddleware(app, [*LOOPBACK, *hosts], www_redirect=False)
        self._acting = acting
        self._headers = HEADERS | ({"Referrer-Policy": "same-origin"} if acting else {})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        app: ASGIApp = self._app
        acts = self._acting and scope["method"] == "POST" and scope["path"].startswith(ACTS)
        if scope["method"] not in ("GET", "HEAD") and not acts:
            app = PlainTextResponse("read-only\n", 405, {"Allow": "GET, HEAD"})

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.setdefault("Content-Security-Policy", PAGE)
                for name, value in self._headers.items():
                    headers[name] = value
            await send(message)

        await app(scope, receive, guarded)
