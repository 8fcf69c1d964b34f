"""Requests for what a target holds: paced, repeated where that can help, and given up with a reason."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from types import MappingProxyType
from typing import TypeVar

import httpx

from chaos.access import allowlist, trust
from chaos.errors import Refused
from chaos.spec.units import show_seconds

PAUSE = 0.5  # seconds before a request is repeated
TRIES = 5  # of one request
TIMEOUT = 10.0  # seconds
AT_ONCE = 16  # requests
_WAIT = 1.0  # seconds, if a target that wants less does not say how long to wait
_BUSY = (httpx.codes.TOO_MANY_REQUESTS, httpx.codes.SERVICE_UNAVAILABLE)
T = TypeVar("T")
_PASSING = (408, 425, 429)  # of the 4xx: they say nothing about the request itself


class Unread(Exception):
    """What a target holds could not be read completely; the message says why."""


class Unreadable(Unread):
    """It cannot be read like this at any time: the target file or the target has to change."""

    def __init__(self, because: str, status: int = 0) -> None:
        super().__init__(because)
        self.status = status  # of the answer that says so; 0: none does


@dataclass(frozen=True, slots=True)
class Access:
    """How a target is reached."""

    base_url: str
    headers: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}), repr=False)
    allow: Collection[str] = ()  # hosts beyond this machine


@contextmanager
def client(base_url: str, headers: Mapping[str, str]) -> Iterator[httpx.Client]:
    """A client for the target's records: direct, ignoring any proxy in the environment."""
    verify = trust.trust(base_url)
    limits = httpx.Limits(max_connections=AT_ONCE)
    with httpx.Client(
        base_url=base_url, headers=headers, timeout=TIMEOUT, trust_env=False, verify=verify, limits=limits
    ) as opened:
        yield opened


class Asker:
    """Asks until `deadline` (time.monotonic()), at most `rate` times a second. Several threads may ask."""

    def __init__(self, asked: httpx.Client, access: Access, deadline: float, rate: float = 200.0) -> None:
        self._client, self._access, self._gap = asked, access, 1 / rate
        self.deadline = deadline
        self._next = 0.0
        self._pacing = threading.Lock()
        self._over = threading.Event()

    def stop(self) -> None:
        """Nobody waits for the answers any more."""
        self._over.set()

    def get(self, url: str, what: str, missing: Collection[int] = ()) -> httpx.Response:
        """The answer to a GET, with a 2xx or a status in `missing`. Raises Unread, with `what` was asked for.

        Answers that may pass (5xx, none at all) are asked for again; a target that wants fewer requests gets them.
        """
        because, tries = "", 0
        while tries < TRIES:
            self._take_turn(f"{what}: {because}" if because else what)
            try:
                answer = self._client.get(self._allowed(url))
            except httpx.InvalidURL as error:
                raise Unreadable(f"{what} has no valid address: {error}") from None
            except httpx.HTTPError as error:
                because = str(error) or type(error).__name__
            else:
                if answer.is_success or answer.status_code in missing:
                    return answer
                because = f"it was answered with {answer.status_code}"
                if answer.status_code < 500 and answer.status_code not in _PASSING:
                    raise Unreadable(f"{what} failed: {because}{_advice(answer)}", answer.status_code)
                if self._is_busy(answer, what):
                    continue
            tries += 1
            self._over.wait(PAUSE)
        raise Unread(f"{what} failed {TRIES} times: {because}")

    def read(
        self, url: str, what: str, parse: Callable[[httpx.Response], T], missing: Collection[int] = ()
    ) -> T:
        """What `parse` makes of the answer to a GET; if it raises ValueError, it is asked for again. Raises Unread."""
        because = ""
        for tries in range(TRIES):
            if tries:
                self._over.wait(PAUSE)
            answer = self.get(url, what, missing)
            try:
                return parse(answer)
            except ValueError as error:
                because = str(error)
        raise Unread(f"{what} failed {TRIES} times: {because}")

    def _take_turn(self, what: str) -> None:
        with self._pacing:
            now = time.monotonic()
            turn = max(now, self._next)
            self._next = turn + self._gap
        if turn > self.deadline or self._over.is_set():
            raise Unread(f"time ran out at {what}")
        if turn > now:
            self._over.wait(turn - now)

    def _is_busy(self, answer: httpx.Response, what: str) -> bool:
        """True if the target wants to be asked later, and then everybody waits. Raises Unread if that is too late."""
        wanted = answer.headers.get("Retry-After")
        if answer.status_code not in _BUSY or (wanted is None and answer.status_code != _BUSY[0]):
            return False
        seconds = _seconds(wanted)
        with self._pacing:
            self._next = max(self._next, time.monotonic() + seconds)
        if self._next > self.deadline:
            told = f"{answer.status_code}, to be asked again in {show_seconds(seconds)}"
            raise Unread(f"time ran out at {what}: it was answered with {told}")
        return True

    def _allowed(self, url: str) -> str:
        """Raises Unreadable for an address elsewhere, as an answer may give: the headers may hold secrets."""
        there = httpx.URL(url)
        if not there.is_absolute_url:
            return url
        base = httpx.URL(self._access.base_url)
        if (there.scheme, there.host, _port(there)) == (base.scheme, base.host, _port(base)):
            return url
        if there.host != base.host:
            raise Unreadable(f"the next page is on another host, {there.host!r}, which is not followed")
        try:
            allowlist.addresses(there.host, self._access.allow)
        except Refused as error:
            raise Unreadable(f"the next page is elsewhere: {error}") from None
        return url


def _port(url: httpx.URL) -> int:
    return url.port or allowlist.usual_port(str(url))


def _advice(answer: httpx.Response) -> str:
    if answer.is_redirect:
        return f" to {answer.headers.get('Location', 'nowhere')}, which is not followed"
    if answer.status_code in (401, 403):
        return ": the read-back sends the target's `headers`"
    return ""


def _seconds(wanted: str | None) -> float:
    """What a Retry-After says: seconds, or a date (RFC 9110, 10.2.3)."""
    text = (wanted or "").strip()
    if text.isdecimal():
        return max(float(text), 0.05)
    try:
        return max((parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds(), 0.05)
    except (ValueError, TypeError):
        return _WAIT
