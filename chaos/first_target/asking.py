"""Single GET requests to a service on this machine."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import httpx

from chaos.access import allowlist, trust
from chaos.errors import UsageError

PATIENCE = 2.0  # seconds
WHOLE = 4.0  # seconds for a whole answer: one that streams may never end
_MOST = 4_000_000  # bytes of an answer that are read


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    server: str
    kind: str  # its content type
    text: str
    location: str = ""  # of a redirect
    cookies: tuple[str, ...] = ()  # names of those that it sets

    @property
    def good(self) -> bool:
        return 200 <= self.status < 300


def address(url: str) -> tuple[str, str]:
    """(base URL, path) of a URL on this machine. Raises UsageError, without a piece of what it may hold."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        parts, host, port = urlsplit(""), "", 0
    if "@" in url:
        raise UsageError(
            "the URL must not carry a user or a password: give a header in the file that is written"
        )
    if parts.scheme not in ("http", "https") or not host or port == 0:
        raise UsageError("must be http://HOST[:PORT][/PATH], a PID, compose:PROJECT or unit:NAME")
    if allowlist.is_foreign(host, ()):
        raise UsageError(
            f"{host} is not this machine, and init looks at this machine only: write the file by hand, with"
            f" `allow: [{host}]` (docs/attach.md)"
        )
    return f"{parts.scheme}://{parts.netloc}", parts.path or "/"


class Asking:
    """A client of one service: it follows no redirect and uses no proxy of the environment."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url
        self._client = httpx.Client(timeout=PATIENCE, trust_env=False, verify=trust.trust(base_url))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._client.close()

    def get(self, path: str, query: Mapping[str, str] | None = None) -> Answer | None:
        """The answer; None if there is none, or no end of it."""
        end = time.monotonic() + WHOLE
        try:
            with self._client.stream("GET", self.base_url + path, params=query or None) as answer:
                content = b""
                for part in answer.iter_bytes():
                    content += part
                    if time.monotonic() > end:
                        return None
                    if len(content) > _MOST:
                        break
        except (httpx.HTTPError, httpx.InvalidURL, ValueError):
            return None
        headers = answer.headers
        return Answer(
            answer.status_code,
            headers.get("server", ""),
            headers.get("content-type", ""),
            content.decode(errors="replace"),
            headers.get("location", "") if answer.is_redirect else "",
            tuple(each.partition("=")[0].strip() for each in headers.get_list("set-cookie")),
        )
