"""One request, sent once, and its row in the table of hits."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Mapping

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from multidict import CIMultiDict
from yarl import URL

from chaos import timing
from chaos.errors import LoadError
from chaos.hits import Outcome
from chaos.journal import Clock
from chaos.load import ledger, outcomes
from chaos.load.recorder import Recorder
from chaos.load.spec import LoadSpec

KEEPALIVE = 1.0
"""Seconds an idle connection is kept. Below the 2 s that are gunicorn's default, so that no request is
sent into a connection that its server is just giving up as idle: that would be a failure of our making."""


_JSON = {"Content-Type": "application/json"}
_OURS = CIMultiDict({"User-Agent": "midnight", "Accept-Encoding": "identity"})


class Sender:
    """Sends the requests of one table over one session, and fills in its row."""

    def __init__(self, spec: LoadSpec, recorder: Recorder, session: aiohttp.ClientSession) -> None:
        self._spec, self._session = spec, session
        self._now = Clock(spec.clock_zero).now
        counts = [route.items for route in spec.routes]
        table, self._touch = recorder.table, recorder.touch
        self._items = timing.items(table["route"], counts, timing.Streams.of(spec.seed).items)
        self._route, self._seq = table["route"], table["seq"]
        self._sent, self._done = table["sent"], table["done"]
        self._status, self._outcome = table["status"], table["outcome"]
        self._timeouts = [aiohttp.ClientTimeout(total=s, ceil_threshold=s + 1) for s in spec.timeouts]

    async def send(self, index: int, on_sent: Callable[[int, float], None]) -> None:
        """Send the request of row `index`, call `on_sent(index, now)`, and record how it ended.

        Raises LoadError when it failed for want of something on our own side, such as descriptors.
        """
        code = int(self._route[index])
        route = self._spec.routes[code]
        seq = int(self._seq[index])
        url, body = self._url(code, index), self._body(code, seq)
        sent = self._now()
        self._sent[index] = sent
        self._outcome[index] = Outcome.PENDING
        self._touch(index)
        on_sent(index, sent)
        try:
            async with self._session.request(
                route.method,
                url,
                data=body,
                headers=None if body is None else _JSON,
                timeout=self._timeouts[code],
                allow_redirects=False,
            ) as response:
                self._status[index] = response.status
                answer = await response.read()
                done = self._now()
            outcome = outcomes.of_answer(route, seq, response.status, answer)
        except Exception as error:
            done = self._now()
            outcome = _of_error(error)
            _drop_frames(error)
        if done - sent > self._spec.timeouts[code]:
            outcome = Outcome.TIMEOUT
        self._done[index] = done
        self._outcome[index] = outcome
        self._touch(index)

    def _url(self, code: int, index: int) -> URL:
        path = self._spec.routes[code].path.replace("{item}", str(self._items[index]))
        return URL(self._spec.base_url.rstrip("/") + path)

    def _body(self, code: int, seq: int) -> bytes | None:
        route = self._spec.routes[code]
        if route.ledger:
            payload, checksum = ledger.record(self._spec.seed, seq)
            return json.dumps({"seq": seq, "payload": payload, "checksum": checksum}).encode()
        return None if route.body is None else json.dumps(route.body).encode()


def _of_error(error: Exception) -> Outcome:
    outcome = outcomes.of_error(error)
    if outcome is None:
        raise LoadError(f"load: a request could not be sent: {error!r}") from error
    return outcome


def _drop_frames(error: BaseException | None) -> None:
    """Break the circle of an error and its frames: the collector rests during the play, nobody else would."""
    while error is not None:
        error.__traceback__ = None
        error = error.__context__


def open_session(addresses: list[str], headers: Mapping[str, str]) -> aiohttp.ClientSession:
    """A session that sends what it is given once, at once, with these headers, and nothing else."""
    connector = aiohttp.TCPConnector(
        limit=0,  # a limit would queue requests here, and hide the target's slowness from the arrivals
        keepalive_timeout=KEEPALIVE,
        resolver=_Pinned(addresses),
        ttl_dns_cache=None,
        happy_eyeballs_delay=None,
    )
    session = aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        headers=_merged(_OURS, headers),
    )
    # aiohttp has no public way to stop it sending an idempotent request again when a kept connection drops.
    session._retry_connection = False
    return session


def _merged(ours: CIMultiDict[str], theirs: Mapping[str, str]) -> CIMultiDict[str]:
    """Theirs go before ours, whatever case they are written in."""
    merged = ours.copy()
    for name, value in theirs.items():
        merged[name] = value
    return merged


class _Pinned(AbstractResolver):
    """Answers with the addresses that were looked up, and approved, before the play."""

    def __init__(self, addresses: list[str]) -> None:
        self._addresses = addresses

    async def resolve(
        self,
        host: str,
        port: int = 0,
        family: socket.AddressFamily = socket.AF_UNSPEC,  # noqa: ARG002 - the interface's
    ) -> list[ResolveResult]:
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
            for address in self._addresses
        ]

    async def close(self) -> None:
        pass
