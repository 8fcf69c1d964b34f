"""HAR: what a browser or a proxy recorded (HTTP Archive 1.1 and 1.2)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import SplitResult, urlsplit

from chaos.access import allowlist
from chaos.imports import bodies, unwanted
from chaos.imports.imported import NO_BODY, Imported, Request, literal
from chaos.imports.source import Source
from chaos.imports.tally import Tally
from chaos.imports.withheld import Withheld
from chaos.spec.fields import TOKEN

WHAT = "a HAR file"
_NO_HTTP = "entries that are not HTTP requests"
_WEBSOCKET = "WebSocket connections"
_STATIC_KINDS = {"image", "font", "stylesheet", "script", "media", "manifest", "texttrack"}
_STATIC_TYPES = ("image/", "font/", "text/css", "video/", "audio/", "application/font", "application/wasm")
_SCRIPTS = ("javascript", "ecmascript")

# Of the browser or the connection, not of the request: midnight sends its own.
_BROWSERS = {
    "accept-encoding", "accept-language", "cache-control", "connection", "content-length", "content-type", "cookie",
    "dnt", "expect", "host", "if-match", "if-modified-since", "if-none-match", "if-range", "if-unmodified-since",
    "keep-alive", "origin", "pragma", "priority", "proxy-connection", "purpose", "range", "referer", "te", "trailer",
    "transfer-encoding", "upgrade", "upgrade-insecure-requests", "user-agent", "via", "x-client-data",
    "x-forwarded-for", "forwarded", "traceparent", "tracestate", "baggage", "sentry-trace",
}  # fmt: skip
_SECRET_HEADERS = ("authorization", "proxy-authorization")


def read(source: Source, base_url: str | None = None) -> Imported:
    """Raises FileError for what is not a HAR file."""
    entries = _entries(source)
    chosen = base_url.rstrip("/") if base_url else _most_frequent(entries)
    if chosen is None:
        raise source.refused("holds no HTTP request that could be loaded")
    reading = _Reading(urlsplit(chosen))
    for entry in sorted(entries, key=_refused):
        reading.entry(entry)
    routes = reading.tally.routes()
    if not routes:
        raise source.refused(f"holds no request to {chosen} that could be loaded")
    return Imported(
        "har",
        source.shown,
        tuple(routes),
        chosen,
        secrets=reading.withheld.used,
        left_out=tuple(reading.left_out()),
        notes=tuple(_pace(entries)),
    )


def _entries(source: Source) -> list[Mapping[str, Any]]:
    document = source.json(WHAT)
    log = document.get("log") if isinstance(document, dict) else None
    entries = log.get("entries") if isinstance(log, dict) else None
    if not isinstance(entries, list):
        raise source.refused(f"not {WHAT}: it has no log.entries")
    found: list[Mapping[str, Any]] = [
        each for each in entries if isinstance(each, dict) and isinstance(each.get("request"), dict)
    ]
    if not found:
        raise source.refused("holds no HTTP request that could be loaded")
    return found


class _Reading:
    def __init__(self, base: SplitResult) -> None:
        self.tally, self.withheld, self.hosts = Tally(), Withheld(), Counter[str]()
        self._base, self._origin = base, _origin(base)

    def entry(self, entry: Mapping[str, Any]) -> None:
        request = entry["request"]
        url, method = _url(request), str(request.get("method", "GET")).upper()
        prefix = self._base.path.rstrip("/")
        if url is None:
            self.tally.left_out[_NO_HTTP] += 1
        elif _origin(url) != self._origin or not f"{url.path}/".startswith(f"{prefix}/"):
            self.hosts[_origin(url)] += 1
        elif why := _why_not(entry, method, url.path):
            self.tally.left_out[why] += 1
        else:
            self._counted(entry, method, url.path[len(prefix) :] or "/")

    def _counted(self, entry: Mapping[str, Any], method: str, path: str) -> None:
        carried, notes = self._carried(entry["request"], method)
        seen = self.tally.seen(method, path, carried)
        if seen is None:
            return
        status = _number(entry.get("response"), "status")
        if 100 <= status <= 599:
            seen.statuses[status] += 1
        seen.notes |= dict.fromkeys(notes)
        seen.variants += carried != seen.request

    def _carried(self, request: Mapping[str, Any], method: str) -> tuple[Request, list[str]]:
        headers = {name: self.withheld.header(name, value) for name, value in _headers(request)}
        cookies = {
            name: self.withheld.reference(name, value, f"cookie {name}")
            for name, value in _cookies(request)
            if TOKEN.fullmatch(name)
        }
        query = bodies.pairs(bodies.query_of(request), self.withheld, "query")
        body, notes = bodies.of_har(request.get("postData"), self.withheld)
        if method in NO_BODY and body:
            body, notes = {}, [f"{method} with a body: the body is left out"]
        kind = bodies.kind_of(request.get("postData"))
        if ("json" in body and kind != "application/json") or ("body" in body and kind):
            headers["Content-Type"] = literal(kind)
        return Request(query, headers, cookies, body), notes

    def left_out(self) -> Iterator[str]:
        if self.hosts:
            shown = ", ".join(f"{host} ({count})" for host, count in self.hosts.most_common(8))
            more = f" and {len(self.hosts) - 8} more" if len(self.hosts) > 8 else ""
            yield f"other hosts: {shown}{more}"
        yield from self.tally.shown_left_out()


def _refused(entry: Mapping[str, Any]) -> int:
    """The first request of a route is the one that is written: prefer what was answered 2xx, then 3xx."""
    status = _number(entry.get("response"), "status")
    return 0 if 200 <= status < 300 else 1 if 300 <= status < 400 else 2


def _most_frequent(entries: list[Mapping[str, Any]]) -> str | None:
    """The origin of most requests that could be loaded."""
    found = Counter[str]()
    for entry in entries:
        url, method = _url(entry["request"]), str(entry["request"].get("method", "GET")).upper()
        if url is not None and _why_not(entry, method, url.path) is None:
            found[_origin(url)] += 1
    return found.most_common(1)[0][0] if found else None


def _why_not(entry: Mapping[str, Any], method: str, path: str) -> str | None:
    if entry.get("_resourceType") == "websocket" or _number(entry.get("response"), "status") == 101:
        return _WEBSOCKET
    content = entry.get("response")
    content = content.get("content") if isinstance(content, dict) else None
    kind = str(content.get("mimeType", "")).lower() if isinstance(content, dict) else ""
    script = any(each in kind for each in _SCRIPTS) and method == "GET"
    if entry.get("_resourceType") in _STATIC_KINDS or kind.startswith(_STATIC_TYPES) or script:
        return unwanted.STATIC
    return unwanted.why(method, path)


def _url(request: Mapping[str, Any]) -> SplitResult | None:
    try:
        parts = urlsplit(str(request.get("url", "")))
        sound = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        return None
    return parts if sound else None


def _origin(url: SplitResult) -> str:
    """Without user, password and default port."""
    host = allowlist.in_url(url.hostname or "")
    usual = {"http": 80, "https": 443}.get(url.scheme)
    return f"{url.scheme}://{host}" + (f":{url.port}" if url.port not in (None, usual) else "")


def _headers(request: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in bodies.named(request.get("headers")):
        plain = name.lower()
        if plain in _BROWSERS or plain.startswith((":", "sec-", "x-b3-", "cf-")) or not value:
            continue
        if plain == "accept" and ("text/html" in value or value == "*/*"):
            continue
        if TOKEN.fullmatch(name) and ((value.isascii() and value.isprintable()) or plain in _SECRET_HEADERS):
            yield name, value


def _cookies(request: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    listed = list(bodies.named(request.get("cookies")))
    if listed:
        yield from listed
        return
    for name, value in bodies.named(request.get("headers")):
        if name.lower() == "cookie":
            for pair in value.split(";"):
                cookie, sign, content = pair.strip().partition("=")
                if sign and cookie:
                    yield cookie, content


def _number(of: object, key: str) -> int:
    value = of.get(key) if isinstance(of, dict) else None
    return int(value) if isinstance(value, int | float) and 0 <= value < 10**6 else 0


def _pace(entries: list[Mapping[str, Any]]) -> Iterator[str]:
    """What one person's pace was: no rate of a load follows from it."""
    starts = sorted(filter(None, (_instant(entry.get("startedDateTime")) for entry in entries)))
    if len(starts) > 1 and (took := (starts[-1] - starts[0]).total_seconds()) > 0:
        yield (
            f"recorded from {starts[0]:%Y-%m-%d %H:%M:%S} on, {len(entries)} requests in {took:.0f} s: one person's "
            "pace, from which no rate follows"
        )


def _instant(given: object) -> datetime | None:
    try:
        at = datetime.fromisoformat(str(given))
    except ValueError:
        return None
    return at if at.tzinfo is not None else None
