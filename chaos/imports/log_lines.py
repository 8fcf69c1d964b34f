"""One line of an access log, in the formats of common servers, as one request."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

_QUOTED = r'"([^"\\]*(?:\\.[^"\\]*)*)"'
_STAMP = r"\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}"
# Combined and common, with Apache's virtual host in front, and whatever an operator appended.
_COMBINED = re.compile(
    rf"(?:\S+ )?\S+ \S+ .*?\[({_STAMP})\] {_QUOTED} (\d{{3}}) (?:\d+|-)"
    rf"(?: {_QUOTED} {_QUOTED})?"
)
_ALB = re.compile(
    r"(?:https?|h2|wss?|grpcs?) (\S+) \S+ \S+ \S+ [-\d.]+ [-\d.]+ [-\d.]+ (\d{3}|-) \S+ -?\d+ -?\d+ "
    rf"{_QUOTED} {_QUOTED}"
)
_ENVOY = re.compile(rf"\[([^\]\s]+)\] {_QUOTED} (\d{{3}}) \S+ (.*)")
_REQUEST = re.compile(r"([A-Za-z]{3,20}) (\S+)(?: HTTP/[0-9.]+)?")
_MONTHS = {
    name: n for n, name in enumerate(re.findall("...", "JanFebMarAprMayJunJulAugSepOctNovDec"), start=1)
}
_METHODS = (
    "method",
    "request_method",
    "requestmethod",
    "verb",
    "http.request.method",
    "request.method",
    "http_method",
)
_TARGETS = (
    "request.uri", "request_uri", "uri", "requestpath", "url.original", "url.path", "http.url", "path", "url",
    "requesturl", "request.url", "request.path", "target",
)  # fmt: skip
_STATUSES = (
    "status", "status_code", "response_code", "downstreamstatus", "http.response.status_code", "response.status",
    "response_status", "statuscode", "code", "sc-status",
    "res.statuscode",
)  # fmt: skip
_TIMES = (
    "time_iso8601", "@timestamp", "timestamp", "ts", "time", "start_time", "startutc", "starttime", "time_local",
    "msec", "date", "datetime",
)  # fmt: skip
_AGENTS = (
    "http_user_agent", "user_agent", "useragent", "user-agent", "request.headers.user-agent", "user_agent.original",
    "agent", "request_user-agent", "requestheaders.user-agent",
)  # fmt: skip
_WRAPPED = (
    "request",
    "req",
    "http",
    "url",
    "response",
    "user_agent",
    "httprequest",
    "jsonpayload",
    "headers",
)


@dataclass(frozen=True, slots=True)
class Logged:
    at: float  # seconds since 1970
    offset: int | None  # seconds east of UTC, as the line says; None: it does not say
    method: str  # empty: the client sent no HTTP request
    target: str
    status: int
    agent: str = ""


Parser = Callable[[str], Logged | None]


def combined(line: str) -> Logged | None:
    found = _COMBINED.match(line)
    if found is None:
        return None
    at, offset = _clf(found[1])
    return _logged(at, offset, found[2], found[3], found[5] or "")


def envoy(line: str) -> Logged | None:
    found = _ENVOY.match(line)
    if found is None:
        return None
    rest = re.findall(_QUOTED, found[4])
    return _logged(*_instant(found[1]), found[2], found[3], rest[1] if len(rest) > 1 else "")


def alb(line: str) -> Logged | None:
    found = _ALB.match(line)
    return None if found is None else _logged(*_instant(found[1]), found[3], found[2], found[4])


def as_json(line: str) -> Logged | None:
    if not line.startswith("{"):
        return None
    document = json.loads(line)
    if not isinstance(document, dict):
        return None
    flat = dict(_flat(document, ""))
    method, target, request = _first(flat, _METHODS), _first(flat, _TARGETS), flat.get("request")
    if isinstance(request, str) and (parts := _REQUEST.fullmatch(request)):
        method, target = parts[1], parts[2]
    status, time = _first(flat, _STATUSES), _first(flat, _TIMES)
    if None in (method, target, status, time):
        return None
    agent = _first(flat, _AGENTS)
    return _logged(*_any_time(time), f"{method} {target}", str(status), str(agent or ""))


PARSERS: tuple[Parser, ...] = (combined, as_json, envoy, alb)


def parse(line: str, parser: Parser | None) -> tuple[Logged, Parser] | None:
    """The request of a line, and what parsed it: `parser` is tried first. None for a line of no known format."""
    for each in (parser, *PARSERS) if parser else PARSERS:
        try:
            found = each(line)
        except (ValueError, OverflowError, RecursionError, OSError, KeyError):
            continue
        if found is not None:
            return found, each
    return None


def _logged(at: float, offset: int | None, request: str, status: str, agent: str) -> Logged:
    """Raises ValueError."""
    number = int(float(status)) if status != "-" else 0
    if not (number == 0 or 100 <= number <= 599):
        raise ValueError(status)
    parts = _REQUEST.fullmatch(request)
    target = "" if parts is None else re.sub(r"^[a-z]+://[^/]*", "", parts[2]) or "/"
    if parts is None or not target.startswith("/") or not parts[1].isupper():
        return Logged(at, offset, "", "", number, agent)
    return Logged(at, offset, parts[1], target.partition("#")[0], number, agent)


def _clf(text: str) -> tuple[float, int]:
    """`27/Nov/2026:03:00:01 +0100`"""
    start, offset = _hour(text[:14], text[-5:])
    return start + int(text[15:17]) * 60 + min(59, int(text[18:20])), offset


@lru_cache(maxsize=1024)
def _hour(text: str, zone: str) -> tuple[float, int]:
    offset = (int(zone[1:3]) * 3600 + int(zone[3:]) * 60) * (-1 if zone[0] == "-" else 1)
    at = datetime(int(text[7:11]), _MONTHS[text[3:6]], int(text[:2]), int(text[12:14]), tzinfo=UTC)
    return at.timestamp() - offset, offset


def _any_time(given: object) -> tuple[float, int | None]:
    """Raises ValueError."""
    if isinstance(given, bool):
        raise ValueError(given)
    if isinstance(given, str):
        if re.fullmatch(_STAMP, given):
            return _clf(given)
        if not re.fullmatch(r"[0-9]+(\.[0-9]+)?", given):
            return _instant(given)
    number = float(given)  # type: ignore[arg-type]
    while number > 1e11:  # milliseconds, microseconds or nanoseconds
        number /= 1000
    datetime.fromtimestamp(number, UTC)
    return number, 0


def _instant(text: str) -> tuple[float, int | None]:
    """Raises ValueError."""
    at = datetime.fromisoformat(text)
    offset = at.utcoffset()
    return at.replace(tzinfo=at.tzinfo or UTC).timestamp(), None if offset is None else int(
        offset.total_seconds()
    )


def _flat(document: Mapping[str, Any], prefix: str, deep: int = 0) -> Iterator[tuple[str, Any]]:
    """Keys in lower case, those of the usual groups also without the group."""
    for key, value in list(document.items())[:200]:
        name = f"{prefix}{key.lower()}"
        if isinstance(value, dict) and deep < 3:
            yield from _flat(value, f"{name}.", deep + 1)
            if key.lower() in _WRAPPED:
                yield from _flat(value, prefix, deep + 1)
        elif isinstance(value, list):
            if value and isinstance(value[0], str):
                yield name, value[0]
        else:
            yield name, value


def _first(flat: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    return next((flat[name] for name in names if flat.get(name) not in (None, "")), None)
