"""The form behind which a service hides its pages, as the `session` that would sign in there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin, urlsplit

from chaos.first_target.asking import Answer, Asking
from chaos.first_target.draft import Draft, Item
from chaos.imports import writing
from chaos.imports.imported import literal
from chaos.spec import templates

_USUAL = "session"  # a cookie's name, if the page sets none
_CSRF_COOKIES = re.compile(r"csrf|xsrf", re.I)
_NAMED = re.compile(r"""\bname\s*=\s*["']?[^\s"'>]+["']?""", re.I)
_VALUE = re.compile(r"""\bvalue\s*=\s*("|')(?P<value>.+?)\1""", re.I | re.S)
_COOKIE = re.compile(r"[!#$&'*+.^_`|~0-9A-Za-z-]{1,100}")


@dataclass(slots=True)
class _Field:
    name: str
    kind: str
    value: str
    tag: str = field(repr=False)  # as the page has it


@dataclass(slots=True)
class _Form:
    action: str
    fields: list[_Field] = field(default_factory=list)

    @property
    def signs_in(self) -> bool:
        return sum(each.kind == "password" for each in self.fields) == 1


class _Forms(HTMLParser):
    """Collects the forms that are sent with POST."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[_Form] = []
        self._open: _Form | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._open = _Form(given.get("action", ""))
            if given.get("method", "").lower() == "post":
                self.found.append(self._open)
        elif tag == "input" and self._open is not None and given.get("name"):
            self._open.fields.append(
                _Field(
                    given["name"],
                    given.get("type", "text").lower(),
                    given.get("value", ""),
                    self.get_starttag_text() or "",
                )
            )

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = None


def describe(draft: Draft, asking: Asking, path: str, first: Answer) -> str:
    """Add `session` and `headers`, as comments. Returns the path of the form; empty if there is none."""
    at = _leads_to(asking.base_url, path, first.location) if first.location else path
    page = asking.get(at) if at and first.location else first
    form = _form(page.text) if page is not None and page.good else None
    target = _leads_to(asking.base_url, at, form.action) if form is not None else ""
    if form is None or page is None or not target:
        return ""
    cookies = [name for name in page.cookies if _COOKIE.fullmatch(name)][:3]
    if all(_CSRF_COOKIES.search(name) for name in cookies):
        cookies.append(_USUAL)
    names = {name: f"sid_{number}" if number > 1 else "sid" for number, name in enumerate(cookies, 1)}
    draft.add(
        "session",
        Item(
            f"The form at {at} signs in. Type the user, set the password's variable in your shell, and uncomment"
            " `session` and `headers` (docs/own-service.md#session). `take` names the cookies that stand for the"
            f" session: {', '.join(cookies)}{'' if page.cookies else ' is a guess'}. `expect` is what a login that"
            " succeeds is answered with; a form that answers 200 usually shows itself again.",
            tuple(_calls(draft.name, at, target, form, page, names)),
            on=False,
        ),
    )
    sent = "; ".join(f"{name}={{{taken}}}" for name, taken in names.items())
    why = "With every request, once the session is open:"
    draft.add("headers", Item(why, (f"Cookie: {writing.value(sent)}",), on=False))
    return at


def _calls(
    name: str, at: str, target: str, form: _Form, page: Answer, cookies: dict[str, str]
) -> Iterator[str]:
    """The page of the form, for its cookies and tokens; then the form."""
    tokens = {each.name: pattern for each in form.fields if (pattern := _pattern(each))}
    taken = {token: _alias(token, number) for number, token in enumerate(tokens, 1)}
    first = {
        **{alias: {"cookie": cookie} for cookie, alias in cookies.items() if cookie in page.cookies},
        **{taken[token]: {"matches": pattern} for token, pattern in tokens.items()},
    }
    if first:
        yield f"- {{path: {writing.value(literal(at))}, take: {writing.value(first)}}}"
    fields: dict[str, Any] = {}
    for each in form.fields:
        if each.name in taken:
            fields[literal(each.name)] = f"{{{taken[each.name]}}}"
        elif each.kind == "password":
            variable = re.sub(r"\W", "_", name).upper() + "_PASSWORD"
            fields[literal(each.name)] = {"secret": {"env": variable}}
        elif each.kind in ("text", "email", "tel"):
            fields[literal(each.name)] = "USER"
        elif each.kind == "hidden":
            fields[literal(each.name)] = ""
    yield "- method: POST"
    yield f"  path: {writing.value(literal(target))}"
    yield f"  form: {writing.value(fields)}"
    yield "  expect: [302, 303]"
    yield f"  take: {writing.value({alias: {'cookie': cookie} for cookie, alias in cookies.items()})}"


def _alias(name: str, number: int) -> str:
    """What a hidden field is called in braces."""
    plain = re.sub(r"\W+", "_", name, flags=re.ASCII).strip("_").lower()
    usable = re.match(r"[a-z]", plain) and plain not in (*templates.NAMES, "row", "key", "sid")
    return plain if usable else f"field_{number}"


def _pattern(found: _Field) -> str:
    """Where the page has the value of a hidden field, which may be a token; empty for any other field."""
    value, named = _VALUE.search(found.tag), _NAMED.search(found.tag)
    if found.kind != "hidden" or value is None or named is None:
        return ""
    group = f"([^{value[1]}]+)"
    start, end = value.span("value")
    if named.start() < start:
        return _plain(found.tag[named.start() : start]) + group
    return _plain(found.tag[value.start() : start]) + group + _plain(found.tag[end : named.end()])


def _plain(text: str) -> str:
    return re.escape(text).replace(r"\ ", " ").replace(r"\-", "-")


def _form(page: str) -> _Form | None:
    reader = _Forms()
    with suppress(AssertionError):  # of a declaration that is none
        reader.feed(page)
        reader.close()
    return next((form for form in reader.found if form.signs_in), None)


def _leads_to(base_url: str, at: str, reference: str) -> str:
    """The path to which a page refers; empty if that is on another host."""
    try:
        there, base = urlsplit(urljoin(base_url + at, reference)), urlsplit(base_url)
        same = (there.scheme, there.hostname, there.port) == (base.scheme, base.hostname, base.port)
    except ValueError:
        return ""
    return (there.path or "/") + (f"?{there.query}" if there.query else "") if same else ""
