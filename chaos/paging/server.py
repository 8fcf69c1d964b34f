"""One Prometheus or Alertmanager, asked over HTTP. Nothing is changed there."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from chaos.access.trust import trust
from chaos.errors import MidnightError, on_one_line
from chaos.later import httpx

TIMEOUT = 3.0  # seconds for one answer
LARGEST = 64_000_000  # bytes of one answer


class NoAnswer(MidnightError):
    """It was not reached, or what it answered is none of its own."""


@dataclass(frozen=True, slots=True)
class Said:
    """An answer: its document, and by how many seconds the server's clock is ahead; None if it does not say."""

    document: Any
    ahead: float | None


@dataclass(frozen=True, slots=True)
class Server:
    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)

    def ask(self, path: str, **parameters: str) -> Said:
        """The JSON document of a page. Raises NoAnswer."""
        try:
            with httpx.Client(verify=trust(self.url), timeout=TIMEOUT, trust_env=False) as client:
                url, headers = f"{self.url}{path}", dict(self.headers)
                with client.stream("GET", url, params=parameters, headers=headers) as answer:
                    now = time.time()
                    body = _whole(answer)
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            raise NoAnswer(f"{self.url}: {type(error).__name__}: {error}") from None
        try:
            document = json.loads(body)
        except (ValueError, RecursionError):
            document = _NOT_JSON
        if answer.status_code != httpx.codes.OK:
            raise NoAnswer(f"{self.url}{path}: status {answer.status_code}{_told(answer, document)}")
        if document is _NOT_JSON:
            kind = on_one_line(answer.headers.get("content-type", "text"), 60)
            raise NoAnswer(f"{self.url}{path}: answered {kind}, not JSON")
        return Said(document, _ahead(answer.headers.get("date"), now))


_NOT_JSON = object()


def _told(answer: httpx.Response, document: Any) -> str:
    """What an answer with an error, or a redirect, says about it."""
    told = document.get("error") or document.get("message") if isinstance(document, dict) else ""
    if not told and answer.has_redirect_location:
        told = f"redirected to {_without_query(answer.headers['location'])}"
    return f": {on_one_line(str(told), 200)}" if told else ""


def _without_query(url: str) -> str:
    """A query may hold a token."""
    return url.partition("?")[0].partition("#")[0]


def _whole(answer: httpx.Response) -> bytes:
    """The body. Raises ValueError for one that is too large, or arrives too slowly."""
    body, end = bytearray(), time.monotonic() + 2 * TIMEOUT
    for chunk in answer.iter_bytes():
        body += chunk
        if len(body) > LARGEST:
            raise ValueError(f"answered more than {LARGEST:,} bytes")
        if time.monotonic() > end:
            raise ValueError(f"its answer took longer than {2 * TIMEOUT:g} s")
    return bytes(body)


def _ahead(date: str | None, now: float) -> float | None:
    """The header has whole seconds only, cut off."""
    if date is None:
        return None
    try:
        said = parsedate_to_datetime(date).timestamp()
    except ValueError:
        return None
    return said - now if said > now else min(0.0, said + 1 - now)


def instant(text: str) -> float | None:
    """Seconds since the epoch of an RFC 3339 instant, whose fraction may have nine digits; None if it is none."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found.replace(tzinfo=found.tzinfo or UTC).timestamp()
