"""The client: connections to one target, opened when they are needed and kept for a moment."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence

from chaos import aim, tls
from chaos.load.connection import Connection
from chaos.load.exchange import Exchange

KEEPALIVE = 1.0
"""Seconds an idle connection is kept. Below the 2 s that are gunicorn's default, so that no request is
sent into a connection that its server is just giving up as idle: that would be a failure of our making."""


class ConnectFailed(OSError):
    """There is no connection: it was refused, the host was out of reach, or its TLS is not to be trusted."""


class Client:
    """Sends each request at once and once, and nothing beside it.

    No redirect is followed, nothing is sent again, no proxy is asked, nothing is decompressed. There is no
    limit of connections: it would queue requests here, and hide the target's slowness from the arrivals.
    """

    def __init__(self, base_url: str, addresses: Sequence[str]) -> None:
        """`addresses` were looked up, and approved, before the play: they are tried in turn."""
        self._host, self._port = aim.host_of(base_url), aim.port_of(base_url)
        self._addresses = addresses
        self._tls = tls.trust(base_url)
        self._loop = asyncio.get_running_loop()
        self._open: set[Connection] = set()
        self._idle: deque[Connection] = deque()  # the longest idle first
        self._opening: dict[asyncio.Task[None], Exchange] = {}
        self._reaper: asyncio.TimerHandle | None = None

    def send(self, exchange: Exchange, within: float) -> None:
        """Begin the exchange. It ends with TimeoutError unless it ends otherwise within so many seconds."""
        exchange.expire_after(within)
        self._reap()
        if self._idle:
            self._idle.popleft().carry(exchange)
            return
        opening = self._loop.create_task(self._carry_on_a_new_one(exchange))
        exchange.carried(opening.cancel)
        self._opening[opening] = exchange
        opening.add_done_callback(self._opening.pop)

    async def close(self) -> None:
        """Let everything go. What is under way never ends: it must not pass for a reset by the target."""
        if self._reaper is not None:
            self._reaper.cancel()
        for opening, exchange in self._opening.items():
            exchange.forget()
            opening.cancel()
        if self._opening:
            await asyncio.wait(self._opening)
        for connection in set(self._open):
            connection.abort()

    async def _carry_on_a_new_one(self, exchange: Exchange) -> None:
        try:
            connection = await self._connect()
        except Exception as error:  # whatever it is, somebody waits for the end
            exchange.end(error)
        else:
            connection.carry(exchange)

    async def _connect(self) -> Connection:
        failure = ConnectFailed(None, "no address")
        for address in self._addresses:
            try:
                _, connection = await self._loop.create_connection(
                    lambda: Connection(self._open, self._keep),
                    address,
                    self._port,
                    ssl=self._tls or None,
                    server_hostname=self._host if self._tls else None,
                )
                return connection
            except OSError as error:
                failure = ConnectFailed(error.errno, str(error))
        raise failure

    def _keep(self, connection: Connection) -> None:
        connection.idle_since = self._loop.time()
        self._idle.append(connection)
        if self._reaper is None:
            self._reaper = self._loop.call_later(KEEPALIVE, self._reap_again)

    def _reap_again(self) -> None:
        self._reap()
        again = self._idle[0].idle_since + KEEPALIVE if self._idle else None
        self._reaper = None if again is None else self._loop.call_at(again, self._reap_again)

    def _reap(self) -> None:
        """Let go of those that were idle too long, or were closed meanwhile."""
        enough = self._loop.time() - KEEPALIVE
        while self._idle and (self._idle[0].idle_since <= enough or not self._idle[0].is_open):
            self._idle.popleft().abort()
