"""Serve the pages until a signal."""

from __future__ import annotations

import ipaddress
import signal
import socket
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import FrameType

import uvicorn

from chaos.access import allowlist
from chaos.access.listen import host_and_port
from chaos.errors import UsageError
from chaos.web.acting import Acting
from chaos.web.app import application
from chaos.web.front import front
from chaos.web.memory import Memory
from chaos.web.timetable import Timetable
from chaos.web.tokens import Tokens

AT_ONCE = 64  # connections; a stream holds one
GRACE = 1  # seconds that streams have to end


def serve(listen: str, schedules: Path, say: Callable[[str], None], *, tokens: Tokens | None = None) -> None:
    """Serve on HOST:PORT until SIGINT or SIGTERM; holders of `tokens` may start, stop and pause. Raises UsageError if
    it cannot listen there."""
    host, port = host_and_port("--listen", listen, "127.0.0.1:8642")
    if _is_every(host):
        raise UsageError(f"--listen {listen}: name one address, such as 127.0.0.1:{port}")
    with _listening(listen, host, port) as server:
        memory, timetable = Memory(say), Timetable(schedules)
        front(memory, timetable)  # reads journals and schedules that no page then waits for
        loopback = _is_loopback(server)
        if tokens is not None and not loopback:
            raise UsageError(
                f"--allow-run: {host} is not loopback, where anyone on the way could read the token"
            )
        acting = Acting(tokens, timetable) if tokens is not None else None
        app = application(memory, timetable, [host, f"[{host}]"], acting)
        _tell(f"http://{allowlist.in_url(host)}:{server.getsockname()[1]}/", tokens, say)
        if not loopback:
            say(f"{host} is not loopback: anyone who can reach it can read every run without a password")
        config = uvicorn.Config(
            app,
            log_level="critical",
            access_log=False,
            lifespan="off",
            ws="none",
            proxy_headers=False,
            server_header=False,
            limit_concurrency=AT_ONCE,
            timeout_graceful_shutdown=GRACE,
        )
        signal.signal(signal.SIGTERM, _interrupt)  # uvicorn gives the signal back after its shutdown
        with suppress(KeyboardInterrupt):
            uvicorn.Server(config).run(sockets=[server])


def _tell(address: str, tokens: Tokens | None, say: Callable[[str], None]) -> None:
    if tokens is None:
        say(f"{address} (read-only); Ctrl-C ends it")
    elif tokens.named:
        say(f"{address} (holders of a token may act); Ctrl-C ends it")
    else:
        (token,) = tokens.by_name.values()
        say(f"{address} (read-only without the token); Ctrl-C ends it")
        say(f"to start, stop and pause: {address}enter?token={token}")


def _interrupt(number: int, frame: FrameType | None) -> None:
    del number, frame
    raise KeyboardInterrupt


def _listening(listen: str, host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        raise UsageError(f"--listen {listen}: cannot listen there: {error.strerror or error}") from None


def _is_every(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_unspecified
    except ValueError:
        return False


def _is_loopback(server: socket.socket) -> bool:
    return ipaddress.ip_address(server.getsockname()[0]).is_loopback
