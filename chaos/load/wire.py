"""The bytes of every request, prepared before the play as far as possible."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from chaos.access import allowlist
from chaos.load import values
from chaos.load.spec import LoadSpec
from chaos.load.values import Prepared, Row, Values, joined
from chaos.spec.request import Request

_NO_LENGTH = ("GET", "HEAD", "OPTIONS", "TRACE")
_NO_ROW = Row(0)
V = TypeVar("V")


class Wire:
    """HTTP/1.1 requests (RFC 9112) to one target, by route code."""

    def __init__(self, spec: LoadSpec) -> None:
        known = Values(spec.taken)
        self._shapes = [Shape(spec.base_url, spec.headers, route, known) for route in spec.routes]

    def request(self, code: int, row: Row | None) -> bytes:
        """The whole request. `row` may be None for a route in which nothing is filled in."""
        return self._shapes[code].request(row or _NO_ROW)


class Shape:
    """What the requests of a route, or of a call of the session, have in common."""

    def __init__(self, base_url: str, headers: Mapping[str, str], request: Request, known: Values) -> None:
        """`headers` are those of the target."""
        body, kind = _body(request, known)
        self._head = joined(
            (_line(base_url, request, known), _fields(base_url, headers, request, kind, known))
        )
        if body is None:
            nothing = b"" if request.method in _NO_LENGTH else b"Content-Length: 0\r\n"
            self._head, self._body = joined((self._head, nothing, b"\r\n")), None
        elif body.constant is not None:
            whole = (b"Content-Length: %d\r\n\r\n" % len(body.constant), body.constant)
            self._head, self._body = joined((self._head, *whole)), None
        else:
            self._body = body

    _body: Prepared | None
    """None if it is part of the head, because it is always the same."""

    def request(self, row: Row) -> bytes:
        """The whole request."""
        if self._body is None:
            return self._head.bytes(row)
        body = self._body.bytes(row)
        return b"%bContent-Length: %d\r\n\r\n%b" % (self._head.bytes(row), len(body), body)


def _line(base_url: str, request: Request, known: Values) -> Prepared:
    path = urlsplit(base_url).path.rstrip("/") + request.path.partition("#")[0]
    sign = b"" if not request.query else b"&" if "?" in path else b"?"
    query = values.encoded(known, request.query)
    return joined(
        (request.method.encode(), b" ", known.text(path, values.PATH), sign, query, b" HTTP/1.1\r\n")
    )


def _body(request: Request, known: Values) -> tuple[Prepared | None, str | None]:
    """The body, None if there is none; and its type, None if the file says it, or none does."""
    if request.document is not None:
        return known.json(request.document), "application/json"
    if request.file is not None:
        return _multipart(request, known)
    if request.form is not None:
        return values.encoded(known, request.form), "application/x-www-form-urlencoded"
    if request.body is not None:
        return known.text(request.body), None
    return None, None


def _multipart(request: Request, known: Values) -> tuple[Prepared, str]:
    """The fields of the form, then the file (RFC 7578)."""
    upload = request.file
    assert upload is not None
    content = known.text(upload.content) if upload.content is not None else Prepared([_read(upload.path)])
    named, called = (known.text(text, values.MULTIPART) for text in (upload.field, upload.sent_as))
    boundary = "midnight-" + sha256(repr(request).encode() + (content.constant or b"")).hexdigest()[:32]
    begin = b'--%b\r\nContent-Disposition: form-data; name="' % boundary.encode()
    parts: list[Prepared | bytes] = []
    for name, given in (request.form or {}).items():
        for each in given if isinstance(given, list | tuple) else (given,):
            value = known.text(values.as_text(each))
            parts += [begin, known.text(name, values.MULTIPART), b'"\r\n\r\n', value, b"\r\n"]
    kind = known.text(upload.type, values.HEADER)
    parts += [begin, named, b'"; filename="', called, b'"\r\nContent-Type: ', kind, b"\r\n\r\n", content]
    parts += [b"\r\n--%b--\r\n" % boundary.encode()]
    return joined(parts), f"multipart/form-data; boundary={boundary}"


def _read(path: Path | None) -> bytes:
    assert path is not None
    return path.read_bytes()


def _fields(
    base_url: str, headers: Mapping[str, str], request: Request, kind: str | None, known: Values
) -> Prepared:
    """The route's own fields override the target's, which override midnight's, case-insensitively; the type of a body
    that midnight generates overrides the target's. A multipart body's type has its boundary: none overrides it.
    """
    ours = {
        "Host": _host(base_url),
        "User-Agent": "midnight",
        "Accept": "*/*",
        "Accept-Encoding": "identity",
    }
    own = {name: known.text(str(value), values.HEADER) for name, value in request.headers.items()}
    if request.cookies:
        own["Cookie"] = _cookies(request.cookies, known)
    if kind is not None and request.file is not None:
        own = _without(own, ["Content-Type"])
    of_the_body = _without({"Content-Type": kind} if kind is not None else {}, own)
    theirs = _without(headers, [*of_the_body, *own])
    fields: dict[str, str | Prepared] = {**theirs, **of_the_body, **own}
    return joined(
        part
        for name, value in (_without(ours, fields) | fields).items()
        for part in (
            name.encode(),
            b": ",
            value if isinstance(value, Prepared) else value.encode(),
            b"\r\n",
        )
    )


def _cookies(cookies: Mapping[str, object], known: Values) -> Prepared:
    parts: list[Prepared | bytes] = []
    for name, value in cookies.items():
        parts += [b"; " if parts else b"", name.encode(), b"=", known.text(str(value), values.COOKIE)]
    return joined(parts)


def _without(fields: Mapping[str, V], names: Iterable[str]) -> dict[str, V]:
    barred = {name.lower() for name in names}
    return {name: value for name, value in fields.items() if name.lower() not in barred}


def _host(base_url: str) -> str:
    """Without the port if it is the scheme's default (RFC 9110, 7.2)."""
    host, port = allowlist.in_url(allowlist.host_of(base_url)), allowlist.port_of(base_url)
    return host if port == allowlist.usual_port(base_url) else f"{host}:{port}"
