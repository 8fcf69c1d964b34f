"""One HTTP request as a file describes it: a route of the load, or a call of the session."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field

from chaos.spec import templates
from chaos.spec.broken import BrokenRule, Place
from chaos.spec.expect import Expect
from chaos.spec.fields import TOKEN, HeaderName
from chaos.spec.secret import Secret
from chaos.spec.units import Positive
from chaos.spec.yamlfile import Model

BODIES = ("json", "form", "body", "file")
_STANDARD = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")
_NO_BODY = ("HEAD", "TRACE")
_LONGEST_METHOD = 30  # characters
_SECRET = "secret"
_ENCODING = "accept-encoding"
_JSON_IS = "holds text, sent as it is; a document is `json:`"


def _method(text: str) -> str:
    if not TOKEN.fullmatch(text) or len(text) > _LONGEST_METHOD:
        raise ValueError("must be a method such as POST")
    if text.upper() in _STANDARD and text not in _STANDARD:
        raise ValueError(f"must be {text.upper()}: methods are case-sensitive")
    if meant := next((each for each in _STANDARD if sorted(each) == sorted(text) and each != text), None):
        raise ValueError(f"must be a method; did you mean {meant}?")
    if text.upper() == "CONNECT":
        raise ValueError("must not be CONNECT, which opens a tunnel")
    return text


def _header_value(given: str | Secret) -> str | Secret:
    if isinstance(given, str) and not (given.isascii() and given.isprintable()):
        raise ValueError("must be one line of printable ASCII")
    return given


def _cookie_name(text: str) -> str:
    if not TOKEN.fullmatch(text):
        raise ValueError("must be the name of a cookie")
    return text


def _text(given: Any) -> Any:
    if isinstance(given, dict | list):
        raise ValueError(_JSON_IS)
    return given


def _field(given: Any) -> Any:
    """A value of a query or form: text, a number, true or false, a reference to a secret, or a list of those."""
    for each in given if isinstance(given, list | tuple) else (given,):
        is_secret = isinstance(each, Mapping) and set(each) == {_SECRET}
        if not (is_secret or isinstance(each, str | int | float)):
            raise ValueError("must be text, a number, true or false, or a list of those")
    return given


HeaderValue = Annotated[str | Secret, AfterValidator(_header_value)]
CookieName = Annotated[str, AfterValidator(_cookie_name)]
Fields = dict[str, Annotated[Any, AfterValidator(_field)]]


class Upload(Model):
    """A file in a multipart body, with its content here or in a file that is sent as it is."""

    field: Annotated[str, Field(min_length=1)] = "file"
    name: str | None = None  # default: that of `path`, or upload.txt
    content: str | None = None
    path: Path | None = None
    type: Annotated[str, AfterValidator(_header_value)] = "application/octet-stream"

    def broken_rules(self) -> Iterator[BrokenRule]:
        if (self.content is None) == (self.path is None):
            yield BrokenRule("must be either {content: TEXT} or {path: FILE}")

    @property
    def sent_as(self) -> str:
        if self.name is not None:
            return self.name
        return templates.escaped(self.path.name) if self.path is not None else "upload.txt"


class Request(Model):
    """Names in braces are filled in everywhere (`templates`). A value of `json`, `form` or `query` may be
    `{secret: {env: NAME}}`.
    """

    model_config = ConfigDict(serialize_by_alias=True)

    method: Annotated[str, AfterValidator(_method)] = "GET"
    path: Annotated[str, Field(pattern=r"^/")]
    query: Fields = Field(default_factory=dict)
    headers: dict[HeaderName, HeaderValue] = Field(default_factory=dict)  # added to the target's own
    cookies: dict[CookieName, HeaderValue] = Field(default_factory=dict)
    document: Any = Field(default=None, alias="json")
    form: Fields | None = None
    body: Annotated[str | None, BeforeValidator(_text)] = None
    file: Upload | None = None
    timeout: Positive | None = None  # seconds; default: the load's
    expect: Expect = Expect()

    def broken_rules(self) -> Iterator[BrokenRule]:
        given = self.bodies()
        if len(given) > 1 and given != ["form", "file"]:
            yield BrokenRule(f"a request has one body: use one of {', '.join(BODIES)}", given[-1])
        elif given and self.method in _NO_BODY:
            yield BrokenRule(f"{self.method} has no body: use another method", given[0])
        elif given and "method" not in self.model_fields_set:
            yield BrokenRule("a request with a body needs its `method`, such as POST", given[0])
        yield from templates.not_json(self.document, ("json",))
        yield from self.expect.misfits(self.method, asks_for_compression(self.headers))
        if self.cookies and any(name.lower() == "cookie" for name in self.headers):
            yield BrokenRule("the header Cookie is given, too: use one of them", "cookies")

    def bodies(self) -> list[str]:
        """The keys of the body that are given."""
        held = {"json": self.document, "form": self.form, "body": self.body, "file": self.file}
        return [key for key, value in held.items() if value is not None]

    def texts(self) -> Iterator[tuple[Place, str]]:
        """Every text in which names are filled in, with its place."""
        yield from self.sent()
        yield from self.expect.texts(("expect",))

    def sent(self) -> Iterator[tuple[Place, str]]:
        """Every text of the request itself, with its place."""
        yield ("path",), self.path
        for key in ("query", "headers", "cookies", "form"):
            yield from templates.strings(without_secrets(getattr(self, key) or {}), (key,))
        yield from templates.strings(without_secrets(self.document), ("json",))
        if self.body is not None:
            yield ("body",), self.body
        if self.file is not None:
            parts = {"field": self.file.field, "name": self.file.name, "content": self.file.content}
            yield from templates.strings(parts | {"type": self.file.type}, ("file",))

    def unknown_names(self, known: Collection[str]) -> Iterator[BrokenRule]:
        """A rule for each text with a name in braces that is not known."""
        for place, text in self.texts():
            yield from templates.broken(text, known, place, is_path=place == ("path",))

    def named(self) -> set[str]:
        """The names that are filled in."""
        return {name.word for _, text in self.texts() for name in templates.names(text)}

    def under(self, headers: Mapping[str, str | Secret]) -> Iterator[BrokenRule]:
        """The rules of a request with these headers of its target, which its own precede."""
        own = any(name.lower() == _ENCODING for name in self.headers)
        if not own and asks_for_compression(headers):
            because = "the target's `headers` ask for a compressed body"
            yield from self.expect.unpacked(because, "remove Accept-Encoding there")


def asks_for_compression(headers: Mapping[str, str | Secret]) -> bool:
    given = [value for name, value in headers.items() if name.lower() == _ENCODING]
    return any(not isinstance(value, str) or value.strip().lower() != "identity" for value in given)


def without_secrets(node: Any) -> Any:
    """The document without references to secrets, which are not filled in."""
    if isinstance(node, Secret):
        return None
    if isinstance(node, Mapping):
        is_reference = set(node) == {_SECRET} and isinstance(node[_SECRET], Mapping)
        return None if is_reference else {key: without_secrets(value) for key, value in node.items()}
    if isinstance(node, list | tuple):
        return [without_secrets(each) for each in node]
    return node
