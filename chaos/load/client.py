"""The client: connections to one target, opened on demand and kept briefly."""

from __future__ import annotations

import asyncio
import socket
from collections import deque
from collections.abc import Sequence

from chaos.access import allowlist, trust
from chaos.load.connection import Connection
from chaos.load.exchange import Exchange
from chaos.load.failures import ConnectFailed, is_ours

KEEPALIVE = 1.0
"""Seconds an idle connection is kept. Below gunicorn's default of 2 s, so that no request is sent into a connection
that its server is just closing as idle: that would be a failure of midnight's own making."""


class Client:
    """Sends each request immediately, exactly once, and nothing else.

    No redirects, no retries, no proxy, no decompression. There is no connection limit: it would queue requests here
    and hide the target's slowness from the arrivals.
    """

    def __init__(self, base_url: str, addresses: Sequence[str]) -> None:
        """`addresses` were resolved and approved before the play: they are tried in turn."""
        self._host, self._port = allowlist.host_of(base_url), allowlist.port_of(base_url)
        self._addresses = routable(addresses, self._port)
        self._tls = trust.trust(base_url)
        self._loop = asyncio.get_running_loop()
        self._open: set[Connection] = set()
        self._idle: deque[Connection] = deque()  # longest idle first
        self._opening: dict[asyncio.Task[None], Exchange] = {}
        self._reaper: asyncio.TimerHandle | None = None

    def send(self, exchange: Exchange, within: float) -> None:
        """Begin the exchange. It ends with TimeoutError if nothing else ends it within that many seconds."""
        exchange.expire_after(within)
        while self._idle:
            connection = self._idle.popleft()
            if self._loop.time() - connection.idle_since < KEEPALIVE and connection.is_fit():
                connection.carry(exchange)
                return
            connection.drop()
        opening = self._loop.create_task(self._carry_on_a_new_one(exchange))
        exchange.carried(opening.cancel)
        self._opening[opening] = exchange
        opening.add_done_callback(self._opening.pop)

    async def close(self) -> None:
        """Drop everything. Exchanges in progress never end: they must not look like resets by the target."""
        if self._reaper is not None:
            self._reaper.cancel()
        for opening, exchange in self._opening.items():
            exchange.forget()
            opening.cancel()
        if self._opening:
            await asyncio.wait(self._opening)
        for connection in set(self._open):
            connection.drop()

    async def _carry_on_a_new_one(self, exchange: Exchange) -> None:
        failure: Exception = ConnectFailed(None, "no address")
        for address in self._addresses:
            try:
                connection = await self._connect(address)
            except Exception as error:  # whatever it is, a caller waits for the end
                # Keep no raised exception: its frames would form a reference cycle, and the garbage collector is off.
                failure = _described(error)
                if is_ours(failure):
                    break
            else:
                connection.carry(exchange)
                return
        exchange.end(failure)

    async def _connect(self, address: str) -> Connection:
        connection = Connection(self._open, self._keep)
        server = self._host if self._tls else None
        try:
            await self._loop.create_connection(
                lambda: connection, address, self._port, ssl=self._tls or None, server_hostname=server
            )
        except BaseException:
            connection.drop()  # it may have been opened and dropped before its caller was notified
            raise
        return connection

    def _keep(self, connection: Connection) -> None:
        connection.idle_since = self._loop.time()
        self._idle.append(connection)
        if self._reaper is None:
            self._reaper = self._loop.call_later(KEEPALIVE, self._reap)

    def _reap(self) -> None:
        """Drop those that have been idle for too long."""
        enough = self._loop.time() - KEEPALIVE
        while self._idle and self._idle[0].idle_since <= enough:
            self._idle.popleft().drop()
        again = self._idle[0].idle_since + KEEPALIVE if self._idle else None
        self._reaper = None if again is None else self._loop.call_at(again, self._reap)


def _described(error: Exception) -> Exception:
    if isinstance(error, OSError):
        return ConnectFailed(error.errno, error.strerror or str(error))
    return RuntimeError(f"connecting: {error!r}")


def routable(addresses: Sequence[str], port: int) -> list[str]:
    """The addresses that this machine has a route to: `::1` often has a name but no network. All of them if there is
    none. Nothing is sent.
    """
    return [address for address in addresses if _has_a_way(address, port)] or list(addresses)


def _has_a_way(address: str, port: int) -> bool:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as way:
            way.connect((address, port))
    except OSError:
        return False
    return True
