"""Routes: the load's requests, and which answers are good."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from chaos.spec.secret import Secret
from chaos.spec.yamlfile import BrokenRule, Model

Status = Annotated[int, Field(ge=100, le=599)]
Method = Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
Text = Annotated[str, Field(min_length=1)]

ITEM = "{item}"
_FRAMING = {"connection", "content-length", "transfer-encoding"}  # set by the sender, not the request
_NO_BODY = ("GET", "HEAD", "OPTIONS")
_BRACES = re.compile(r"\{[^{}]*\}")


def _header_name(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+", text) or text.lower() in _FRAMING:
        raise ValueError("must be the name of a header that a request may set")
    return text


def _header_value(given: str | Secret) -> str | Secret:
    if isinstance(given, str) and not (given.isascii() and given.isprintable()):
        raise ValueError("must be one line of printable ASCII")
    return given


def _as_expectation(given: Any) -> Any:
    """`expect: [200, 404]` means the statuses."""
    return {"status": given} if isinstance(given, list | tuple) else given


HeaderName = Annotated[str, AfterValidator(_header_name)]
HeaderValue = Annotated[str | Secret, AfterValidator(_header_value)]


class Expect(Model):
    """Defines a good answer: its status, and what its body must and must not contain."""

    status: tuple[Status, ...] = ()  # empty: any 2xx
    contains: tuple[Text, ...] = ()
    lacks: tuple[Text, ...] = ()  # such as `"errors":` of GraphQL, or `event: error` of a stream


class Route(Model):
    """One kind of request. `{item}` in its path becomes a number from 1 to `items`.

    `body` is sent as JSON, or unchanged if it is text; `form` as application/x-www-form-urlencoded. A value in them may
    be `{secret: {env: NAME}}`.
    """

    method: Method = "GET"
    path: Annotated[str, Field(pattern=r"^/")]
    items: Annotated[int, Field(ge=1)] = 1
    headers: dict[HeaderName, HeaderValue] = Field(default_factory=dict)  # added to the target's own
    body: dict[str, Any] | list[Any] | str | None = None
    form: dict[str, Any] | None = None
    expect: Annotated[Expect, BeforeValidator(_as_expectation)] = Expect()
    ledger: bool = False  # a durable append: the body is made from the sequence number

    @model_validator(mode="after")
    def _one_body(self) -> Self:
        given = [name for name in ("body", "form") if getattr(self, name) is not None]
        if len(given) == 2:
            raise BrokenRule("a request has one body: use `body` or `form`", "form")
        if given and self.ledger:
            raise BrokenRule("a write to the ledger has its own body", given[0])
        if given and self.method in _NO_BODY:
            raise BrokenRule(f"{self.method} has no body: use another method", given[0])
        return self

    @model_validator(mode="after")
    def _no_body_to_look_at(self) -> Self:
        if self.method == "HEAD" and (self.expect.contains or self.expect.lacks):
            raise BrokenRule("the answer to HEAD has no body", "expect")
        return self

    @model_validator(mode="after")
    def _braces_are_filled_in(self) -> Self:
        unknown = [each for each in _BRACES.findall(self.path) if each != ITEM]
        if unknown:
            raise BrokenRule(f"{unknown[0]} is not replaced: only {ITEM} is", "path")
        return self
