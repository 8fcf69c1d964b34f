"""The bytes of every request, prepared before the play as far as possible."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from urllib.parse import quote, urlencode, urlsplit

from chaos.access import allowlist
from chaos.load import ledger
from chaos.load.spec import LoadSpec
from chaos.spec.routes import ITEM, Route

_ITEM = ITEM
_NO_LENGTH = ("GET", "HEAD", "OPTIONS")
_ITEM_SENT = _ITEM.encode()
_AS_IT_STANDS = "%/:?@!$&'()*+,;="
"""Characters besides letters and digits that a path and its query may contain; the rest is quoted (RFC 3986, 3.3 and
3.4)."""


class Wire:
    """HTTP/1.1 requests (RFC 9112) to one target, by route code, item and sequence number."""

    def __init__(self, spec: LoadSpec) -> None:
        self._base = spec.ledger_base
        self._shapes = [_Shape(spec, route) for route in spec.routes]

    def request(self, code: int, item: int, seq: int) -> bytes:
        """The whole request. `seq` is used only if the route writes to the ledger."""
        shape = self._shapes[code]
        line = shape.line.replace(_ITEM_SENT, b"%d" % item)
        if not shape.ledger:
            return line + shape.rest
        key = self._base + seq
        payload, checksum = ledger.record(key)
        record = {"seq": key, "payload": payload, "checksum": checksum}
        return line + _framed(shape.rest, json.dumps(record).encode())


class _Shape:
    """The common parts of a route's requests: the request line and the rest; for a write, only its header."""

    def __init__(self, spec: LoadSpec, route: Route) -> None:
        self.ledger = route.ledger
        path = urlsplit(spec.base_url).path.rstrip("/") + route.path.partition("#")[0]
        self.line = f"{route.method} {_ITEM.join(map(_quoted, path.split(_ITEM)))} HTTP/1.1\r\n".encode()
        document, kind = _body(route)
        header = _header(spec, route, kind)
        if route.ledger:
            self.rest = header
        elif document is not None:
            self.rest = _framed(header, document)
        else:
            nothing = b"" if route.method in _NO_LENGTH else b"Content-Length: 0\r\n"
            self.rest = header + nothing + b"\r\n"


def _body(route: Route) -> tuple[bytes | None, str | None]:
    """The body of a route's requests, None if each has its own or there is none; and its type, if any."""
    if route.ledger:
        return None, "application/json"
    if route.form is not None:
        return urlencode(route.form, doseq=True).encode(), "application/x-www-form-urlencoded"
    if isinstance(route.body, str):
        return route.body.encode(), None
    if route.body is not None:
        return json.dumps(route.body).encode(), "application/json"
    return None, None


def _quoted(part: str) -> str:
    """Quoted sequences stay as they are; a lone `%` is quoted."""
    return quote(re.sub(r"%(?![0-9A-Fa-f]{2})", "%25", part), safe=_AS_IT_STANDS)


def _framed(header: bytes, body: bytes) -> bytes:
    return b"%bContent-Length: %d\r\n\r\n%b" % (header, len(body), body)


def _header(spec: LoadSpec, route: Route, kind: str | None) -> bytes:
    """The route's own fields override the target's, which override midnight's, case-insensitively; the type of a body
    that midnight generates overrides the target's.
    """
    ours = {
        "Host": _host(spec.base_url),
        "User-Agent": "midnight",
        "Accept": "*/*",
        "Accept-Encoding": "identity",
    }
    own = {name: str(value) for name, value in route.headers.items()}
    of_the_body = _without({"Content-Type": kind} if kind is not None else {}, own)
    theirs = _without(spec.headers, [*of_the_body, *own]) | of_the_body | own
    fields = _without(ours, theirs) | theirs
    return "".join(f"{name}: {value}\r\n" for name, value in fields.items()).encode()


def _without(fields: Mapping[str, str], names: Iterable[str]) -> dict[str, str]:
    barred = {name.lower() for name in names}
    return {name: value for name, value in fields.items() if name.lower() not in barred}


def _host(base_url: str) -> str:
    """Without the port if it is the scheme's default (RFC 9110, 7.2)."""
    host, port = allowlist.host_of(base_url), allowlist.port_of(base_url)
    host = f"[{host}]" if ":" in host else host
    return host if port == allowlist.usual_port(base_url) else f"{host}:{port}"
