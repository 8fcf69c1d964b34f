"""One call of k6/http as a route. What cannot be seen without running the script makes it a comment."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

from chaos.imports import bodies, logins
from chaos.imports.imported import NO_BODY, ImportedRoute, Request, literal
from chaos.imports.k6_values import Env, Filled, Piece, Text, Unseen
from chaos.imports.secret_texts import inner_name, looks_secret, value_looks_secret
from chaos.imports.templates import SAFE
from chaos.imports.tokens import is_secret_itself
from chaos.imports.withheld import PARTLY, Withheld
from chaos.spec.fields import TOKEN
from chaos.spec.units import seconds

_MARK = re.compile("\ue000([0-9]+)\ue001")
_PREFIX = re.compile(r"[A-Za-z][A-Za-z-]{0,15}[ =:]")
_FRAMING = ("content-length", "connection", "transfer-encoding", "host")
_DELETES = "it deletes: remove the marks if that is meant"
UNSEEN = "not known without running the script: {}"


@dataclass(frozen=True, slots=True)
class Call:
    """A call as the script says it; all parts are values of `k6_values`."""

    method: str
    url: Any
    body: Any = None
    params: Any = None
    line: int = 0
    statuses: tuple[int, ...] = ()
    contains: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


class Routed:
    """Turns one call into a route; `base` is what its address begins with."""

    def __init__(self, call: Call, withheld: Withheld) -> None:
        self._call, self._withheld = call, withheld
        self._unseen: dict[str, None] = {}
        self._notes: dict[str, None] = dict.fromkeys((f"line {call.line}", *call.notes))
        self._items, self._login = 1, ""
        self.base: str | Env | None = None

    def route(self) -> ImportedRoute | None:
        """None if the address cannot be seen."""
        found = self._address()
        if found is None:
            return None
        path, query = found
        headers, cookies, timeout = self._params()
        if self._login and "authorization" not in map(str.lower, headers):
            reference = self._withheld.reference(
                "Authorization", self._login, f"header Authorization, {logins.NOTE}"
            )
            headers["Authorization"] = {**reference, "prefix": "Basic "}
        body, kind = self._body({name.lower(): value for name, value in headers.items()}.get("content-type"))
        if kind or "json" in body or "form" in body:
            headers = {
                name: value for name, value in headers.items() if name.lower() != "content-type" or kind
            }
        call = self._call
        return ImportedRoute(
            call.method,
            path,
            1,
            self._items,
            Request(query, headers, cookies, body),
            call.statuses,
            tuple(map(literal, call.contains)) if call.method != "HEAD" else (),
            timeout,
            tuple(self._notes),
            self._off(),
        )

    def _off(self) -> str:
        if self._unseen:
            return UNSEEN.format(", ".join(self._unseen))
        return _DELETES if self._call.method == "DELETE" else ""

    def _address(self) -> tuple[str, dict[str, Any]] | None:
        pieces = _pieces(self._call.url)
        url = "".join(each if isinstance(each, str) else f"\ue000{n}\ue001" for n, each in enumerate(pieces))
        begin = re.match("\ue000([0-9]+)\ue001(?=[/?]|$)", url)
        url, self._login = logins.stripped(url)
        host = re.match(r"https?://[^/?#]*", url)
        if begin is not None:
            first = pieces[int(begin[1])]
            if begin.end() == len(url) and not isinstance(first, Env):
                return None
            self.base = first if isinstance(first, Env) else None
            self._login = logins.stripped(_default(first) or "")[1] if isinstance(first, Env) else ""
            rest = url[begin.end() :]
        elif host is not None and base_of(host[0]) is not None and "\ue000" not in host[0]:
            self.base, rest = host[0], url[host.end() :]
        elif url.startswith("/"):
            rest = url
        else:
            return None
        path, _, query = rest.partition("#")[0].partition("?")
        marked = {str(n): each for n, each in enumerate(pieces)}
        segments = [self._segment(each, marked) for each in path.removeprefix("/").split("/")]
        return "/" + "/".join(segments), {
            self._query_text("", name, marked): self._query_text(name, value, marked)
            for name, value in bodies.parsed(query)
        }

    def _segment(self, text: str, marked: Mapping[str, Piece]) -> str:
        if is_secret_itself(text):
            self._notes["{uuid} replaces a token that is not written"] = None
            return "{uuid}"
        return self._joined(text, marked, lambda plain: quote(plain, safe=SAFE))

    def _query_text(self, name: str, text: str, marked: Mapping[str, Piece]) -> Any:
        if _MARK.search(text) is None:
            return self._withheld.text(name, text, "query") if name else literal(text)
        if (alone := _MARK.fullmatch(text)) is not None and isinstance(marked[alone[1]], Env):
            return self._value(marked[alone[1]], name)
        parts = _MARK.split(text)
        pieces = [marked[part] if n % 2 else part for n, part in enumerate(parts) if part]
        return self._mixed(name, pieces, f"query: {name}")

    def _joined(self, text: str, marked: Mapping[str, Piece], plain: Any) -> str:
        parts = _MARK.split(text)
        return "".join(
            plain(part) if n % 2 == 0 else self._name(marked[part]) for n, part in enumerate(parts)
        )

    def _name(self, piece: Piece) -> str:
        """The name in braces that replaces a part that is not a literal."""
        if isinstance(piece, Filled):
            self._items = max(self._items, piece.most)
            return piece.name
        if isinstance(piece, Env) and (default := _default(piece)) and not looks_secret(piece.name, default):
            return literal(default)
        code = piece.name if isinstance(piece, Env) else str(getattr(piece, "code", piece))
        self._unseen[code] = None
        column = re.findall(r"[A-Za-z_]\w*", code)
        return f"{{row.{column[-1] if column else 'value'}}}"

    def _value(self, value: Any, name: str = "") -> Any:
        """A JSON value with text as it is written into a target file."""
        if isinstance(value, dict):
            beside = {key: each.plain for key, each in value.items() if isinstance(each, Text)}
            return {
                literal(key): self._value(each, inner_name(beside, key, name)) for key, each in value.items()
            }
        if isinstance(value, list):
            return [self._value(each, name) for each in value]
        if not isinstance(value, Text | Env | Unseen | Filled):
            return self._withheld.document(value, "body", name)
        pieces = _pieces(value)
        if len(pieces) == 1 and isinstance(pieces[0], Env):
            return {"secret": self._withheld.named(pieces[0].name, f"{name or 'a value'}, as in the script")}
        plain = value.plain if isinstance(value, Text) else None
        if plain is not None:
            return self._withheld.document(plain, "body", name)
        if looks_secret(name, "x"):
            self._notes[f"{name} is taken while the script runs: set it, or let `session:` take it"] = None
            return {"secret": self._withheld.reference(name, "", f"body: {name}")}
        return self._mixed(name, pieces, f"body: {name}")

    def _mixed(self, name: str, pieces: list[Piece], where: str, holder: str = "secret") -> Any:
        """Text with parts that are not literals, or a reference if a literal part is a secret."""
        seen = _literals(pieces)
        named = looks_secret(name, "") and seen.strip("&")
        if named or value_looks_secret("", seen):
            reference = self._withheld.reference(name, seen, f"{where}, {PARTLY}")
            return {holder: reference} if holder else reference
        return "".join(literal(each) if isinstance(each, str) else self._name(each) for each in pieces)

    def _params(self) -> tuple[dict[str, Any], dict[str, Any], float | None]:
        params = self._call.params
        if params is None:
            return {}, {}, None
        if not isinstance(params, dict):
            self._notes[f"its parameters are not known: {getattr(params, 'code', '')}"] = None
            return {}, {}, None
        return (
            dict(self._fields(params.get("headers"), "header")),
            dict(self._fields(params.get("cookies"), "cookie")),
            _timeout(params.get("timeout")),
        )

    def _fields(self, given: Any, what: str) -> Iterator[tuple[str, Any]]:
        if given is not None and not isinstance(given, dict):
            self._notes[f"its {what}s are not known: {getattr(given, 'code', '')}"] = None
        for name, value in given.items() if isinstance(given, dict) else ():
            if TOKEN.fullmatch(name) and name.lower() not in _FRAMING:
                yield name, self._field(name, value, what)
            else:
                self._notes[f"left out: {what} {name}"] = None

    def _field(self, name: str, value: Any, what: str) -> Any:
        """A header or cookie: text, or a reference to a secret with a prefix."""
        pieces = _pieces(value)
        prefix = pieces[0] if len(pieces) == 2 and isinstance(pieces[0], str) else ""
        fits = len(pieces) == 1 or bool(_PREFIX.fullmatch(prefix))
        last = pieces[-1] if pieces else ""
        if fits and isinstance(last, Env):
            reference = self._withheld.named(last.name, f"{what} {name}, as in the script")
            return {**reference, **({"prefix": prefix} if prefix else {})}
        plain = "".join(each for each in pieces if isinstance(each, str))
        if all(isinstance(each, str) for each in pieces):
            if what == "cookie":
                return self._withheld.reference(name, plain, f"cookie {name}")
            return self._withheld.header(name, plain)
        if fits and (looks_secret(name, "x") or what == "cookie"):
            self._notes[f"{name} is taken while the script runs: set it, or let `session:` take it"] = None
            reference = self._withheld.reference(name, "", f"{what} {name}")
            return {**reference, **({"prefix": prefix} if prefix else {})}
        return self._mixed(name, pieces, f"{what} {name}", holder="")

    def _body(self, kind: Any) -> tuple[Mapping[str, Any], str]:
        """The body, and its Content-Type where it must be written."""
        value, plain = self._call.body, str(kind or "").partition(";")[0].strip().lower()
        if value is None or self._call.method in NO_BODY:
            return {}, ""
        if isinstance(value, JsonText):
            return {"json": self._value(value.value)}, "" if plain in ("", "application/json") else plain
        if isinstance(value, dict):
            return {"form": {literal(key): self._scalar(key, each) for key, each in value.items()}}, ""
        if isinstance(value, Text) and value.plain is not None:
            held, notes = bodies.of_text(plain, value.plain, self._withheld)
            self._notes |= dict.fromkeys(notes)
            return held, "" if (plain == "application/json" and "json" in held) or "form" in held else plain
        text = self._value(value)
        if isinstance(text, str):
            return {"body": text}, plain
        self._notes[bodies.SECRET] = None
        return {}, plain

    def _scalar(self, name: str, value: Any) -> Any:
        found = self._value(value, name)
        nested = isinstance(found, dict) and set(found) != {"secret"}
        return literal(json.dumps(found)) if nested or found is None else found


@dataclass(frozen=True, slots=True)
class JsonText:
    """What JSON.stringify is given."""

    value: Any


def _default(piece: Env) -> str | None:
    return piece.default.plain if isinstance(piece.default, Text) else None


def _literals(pieces: list[Piece]) -> str:
    """What is written of a text, with `&`, which ends any value, in place of the rest."""
    found = [_default(each) if isinstance(each, Env) else each for each in pieces]
    return "".join(each if isinstance(each, str) else "&" for each in found)


def _pieces(value: Any) -> list[Piece]:
    if isinstance(value, Text):
        return list(value.pieces)
    if isinstance(value, Env | Unseen | Filled):
        return [value]
    return [value if isinstance(value, str) else json.dumps(value, default=str)]


def _timeout(value: Any) -> float | None:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value / 1000 if value > 0 else None
    plain = value.plain if isinstance(value, Text) else None
    try:
        return seconds(plain) or None if plain else None
    except ValueError:
        return None


def base_of(base: str | Env | None) -> str | None:
    """The address that a script names, if it does."""
    default = base.default if isinstance(base, Env) else None
    text = base if isinstance(base, str) else default.plain if isinstance(default, Text) else None
    try:
        parts = urlsplit(logins.stripped(text or "")[0])
        sound = parts.scheme and parts.hostname and parts.port != 0
    except ValueError:
        return None
    return f"{parts.scheme}://{parts.netloc}{parts.path}".rstrip("/") if sound else None
