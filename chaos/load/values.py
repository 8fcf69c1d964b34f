"""Names in braces filled in: templates are prepared before the play, and filled for each request.

A place decides how text is quoted in it, so that no value can break out: a slash in a path, a quote in JSON, a line
break in a header. What a team's file says itself is taken as written where that can be meant.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from functools import lru_cache, partial
from hashlib import blake2b
from types import MappingProxyType
from typing import Any, NamedTuple
from urllib.parse import quote, quote_plus

from chaos.load import ledger
from chaos.spec import templates
from chaos.spec.templates import Named

Quote = Callable[[str], str]


class Row(NamedTuple):
    """What one request is filled in from. Everything but `now` follows from the seed and the run."""

    number: int  # unique in the run: `{seq}`; `{uuid}`, `{payload}` and `{checksum}` are derived from it
    item: int = 1
    row: Mapping[str, Any] = MappingProxyType({})  # of the route's own file
    now: float = 0.0  # seconds since 1970


Part = bytes | Callable[[Row], bytes]


class Place(NamedTuple):
    """How text is quoted in one part of a request: what the file says, and what is filled in."""

    written: Quote
    filled: Quote


class Prepared:
    """A template, ready to be filled in: constants and slots in turn."""

    __slots__ = ("_format", "_parts", "_slots", "constant")

    def __init__(self, parts: Iterable[Part]) -> None:
        self._parts = tuple(parts)
        self._slots = tuple(part for part in self._parts if not isinstance(part, bytes))
        constants = (part.replace(b"%", b"%%") if isinstance(part, bytes) else b"%b" for part in self._parts)
        self._format = b"".join(constants)
        self.constant = None if self._slots else self._format % ()

    constant: bytes | None
    """The whole if nothing is filled in."""

    def bytes(self, row: Row) -> bytes:
        """`row` is used only if there is no constant."""
        if self.constant is not None:
            return self.constant
        return self._format % tuple([slot(row) for slot in self._slots])

    def text(self, row: Row) -> str:
        return self.bytes(row).decode()


def joined(parts: Iterable[Prepared | bytes]) -> Prepared:
    return Prepared(
        piece for part in parts for piece in ((part,) if isinstance(part, bytes) else part._parts)
    )


class Values:
    """The names that can be filled in. `taken` is what the session took, the same for every request."""

    def __init__(self, taken: Mapping[str, Any] = MappingProxyType({})) -> None:
        self._taken = taken

    def text(self, template: str, place: Place | None = None) -> Prepared:
        """Prepare a template. Raises KeyError for a name that is not known: a file with one is refused before."""
        where = place or PLAIN
        return Prepared(
            where.written(piece).encode() if isinstance(piece, str) else self._slot(piece, where.filled)
            for piece in templates.pieces(template)
        )

    def json(self, document: Any) -> Prepared:
        """Prepare a document as JSON text. A text that is exactly one name of a number becomes that number."""
        return joined(self._json(document))

    def getter(self, word: str) -> Callable[[Row], Any]:
        """What a name is replaced by: text, or a value of a JSON lines file or an answer."""
        if word in self._taken:
            value = self._taken[word]
            return lambda _: value
        if word.startswith(templates.ROW):
            return partial(_column, word.removeprefix(templates.ROW))
        return _GETTERS[word]

    def _json(self, node: Any) -> Iterable[Prepared | bytes]:
        if isinstance(node, str):
            yield self._json_text(node)
        elif isinstance(node, Mapping):
            for index, (key, value) in enumerate(node.items()):
                yield b", " if index else b"{"
                yield joined((b'"', self.text(str(key), JSON), b'": '))
                yield from self._json(value)
            yield b"}" if node else b"{}"
        elif isinstance(node, list | tuple):
            for index, value in enumerate(node):
                yield b", " if index else b"["
                yield from self._json(value)
            yield b"]" if node else b"[]"
        else:
            yield json.dumps(node.isoformat() if isinstance(node, date) else node).encode()

    def _json_text(self, template: str) -> Prepared:
        name = templates.alone(template)
        if name is not None and not name.as_text:
            get = self.getter(name.word)
            return Prepared([self._constant(name.word, get) or partial(_as_json, get)])
        return joined((b'"', self.text(template, JSON), b'"'))

    def _constant(self, word: str, get: Callable[[Row], Any]) -> bytes | None:
        return json.dumps(get(Row(0))).encode() if word in self._taken else None

    def _slot(self, name: Named, filled: Quote) -> bytes | Callable[[Row], bytes]:
        if name.word in self._taken:
            return filled(as_text(self._taken[name.word])).encode()
        if name.word in _SAFE:
            return _SAFE[name.word]
        return partial(_quoted, self.getter(name.word), filled)


def as_text(value: Any) -> str:
    """A value as text: `true` and `12` as JSON writes them, nothing for null."""
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value, ensure_ascii=False)


def number_of(base: int, seq: int, n: int) -> int:
    """The number of a request: for a write to the ledger its key; for any other one below all keys.

    `n` counts the run's requests.
    """
    if seq >= 0:
        return base + seq
    return (base - ledger.LOWEST if base >= ledger.LOWEST else base) + n


def uuid_of(number: int) -> str:
    """A UUID that follows from a number (RFC 9562, version 4 in form)."""
    digest = blake2b(b"midnight:%d" % number, digest_size=16).hexdigest()
    variant = "89ab"[int(digest[16], 16) & 3]
    return f"{digest[:8]}-{digest[8:12]}-4{digest[13:16]}-{variant}{digest[17:20]}-{digest[20:]}"


def _column(name: str, row: Row) -> Any:
    return row.row[name]


def _quoted(get: Callable[[Row], Any], filled: Quote, row: Row) -> bytes:
    return filled(as_text(get(row))).encode()


def _as_json(get: Callable[[Row], Any], row: Row) -> bytes:
    return json.dumps(get(row)).encode()


@lru_cache(maxsize=64)
def _record(number: int) -> tuple[str, str]:
    """Payload and checksum of one request. The payload begins with the run, whether it is a write to the ledger or
    not.
    """
    payload, checksum = ledger.record(number)
    if number >= ledger.LOWEST:
        return payload, checksum
    payload = f"midnight {ledger.marker(number + ledger.LOWEST)} {payload.split(' ', 2)[2]}"
    return payload, ledger.checksum(payload)


def _now(row: Row) -> str:
    return datetime.fromtimestamp(row.now, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


_GETTERS: Mapping[str, Callable[[Row], Any]] = {
    "seq": lambda row: row.number,
    "item": lambda row: row.item,
    "uuid": lambda row: uuid_of(row.number),
    "payload": lambda row: _record(row.number)[0],
    "checksum": lambda row: _record(row.number)[1],
    "now": _now,
}
_SAFE: Mapping[str, Callable[[Row], bytes]] = {
    "seq": lambda row: b"%d" % row.number,
    "item": lambda row: b"%d" % row.item,
    "uuid": lambda row: uuid_of(row.number).encode(),
    "checksum": lambda row: _record(row.number)[1].encode(),
}
"""Names whose text needs no quoting anywhere: digits, letters and `-`."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_NOT_IN_A_COOKIE = re.compile(r"[^\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]")  # RFC 6265, 4.1.1
_AS_IT_STANDS = "%/:?@!$&'()*+,;="
"""Characters besides letters and digits that a path and its query may contain; the rest is quoted (RFC 3986, 3.3 and
3.4)."""


def _as_written(part: str) -> str:
    """Quoted sequences stay as they are; a lone `%` is quoted."""
    return quote(re.sub(r"%(?![0-9A-Fa-f]{2})", "%25", part), safe=_AS_IT_STANDS)


def _segment(value: str) -> str:
    return quote(value, safe="")


def _one_line(value: str) -> str:
    """A recipient reads a control character in a header as a space, if it does not refuse it (RFC 9110, 5.5)."""
    return _CONTROL.sub(" ", value)


def _cookie(value: str) -> str:
    """A value in quotes, as a service may have given it, keeps them."""
    if len(value) > 1 and value[0] == value[-1] == '"':
        return f'"{_cookie(value[1:-1])}"'
    return _NOT_IN_A_COOKIE.sub(lambda found: quote(found[0], safe=""), value)


def _in_quotes(value: str) -> str:
    """The name of a multipart field or file, as browsers write it."""
    return value.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")


def _in_json(value: str) -> str:
    return json.dumps(value)[1:-1]


def _same(value: str) -> str:
    return value


PLAIN = Place(_same, _same)
PATH = Place(_as_written, _segment)
FORM = Place(quote_plus, quote_plus)  # also a query's names and values
HEADER = Place(_same, _one_line)
COOKIE = Place(_cookie, _cookie)
JSON = Place(_in_json, _in_json)
MULTIPART = Place(_in_quotes, _in_quotes)


def pairs(values: Values, fields: Mapping[str, Any]) -> Sequence[tuple[Prepared, Prepared]]:
    """The names and values of a form or query, a list as several."""
    return [
        (values.text(name, FORM), values.text(as_text(each), FORM))
        for name, given in fields.items()
        for each in (given if isinstance(given, list | tuple) else (given,))
    ]


def encoded(values: Values, fields: Mapping[str, Any]) -> Prepared:
    """A form or query as application/x-www-form-urlencoded."""
    parts: list[Prepared | bytes] = []
    for name, value in pairs(values, fields):
        parts += [b"&" if parts else b"", name, b"=", value]
    return joined(parts)
