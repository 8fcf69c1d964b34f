"""A stub of a model provider: always the same text, after a realistic delay."""

from __future__ import annotations

import asyncio

from aiohttp import web

from .settings import load

ANSWER_SECONDS = 0.06


async def complete(request: web.Request) -> web.Response:
    """Answer a prompt."""
    asked = await request.json()
    await asyncio.sleep(ANSWER_SECONDS)
    return web.json_response({"text": f"{str(asked['prompt'])[:80]}: considered."})


async def healthz(_: web.Request) -> web.Response:
    """The stub is up."""
    return web.json_response({"status": "alive"})


def main() -> None:
    """Serve until SIGTERM."""
    app, listen = web.Application(), load().listen
    app.add_routes([web.post("/v1/complete", complete), web.get("/healthz", healthz)])
    web.run_app(
        app,
        host=listen.host,
        port=listen.model,
        access_log=None,
        print=None,
        backlog=1024,
        shutdown_timeout=0.2,
    )


if __name__ == "__main__":
    main()
