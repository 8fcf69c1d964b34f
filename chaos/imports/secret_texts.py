"""Secrets of a recording: known by their name, by themselves, or by a name inside a longer text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from chaos.imports.tokens import is_secret_itself
from chaos.spec.secret_values import is_secret

_NAME = re.compile(
    r"pass(word|wd|phrase|code)?$|pwd|secret|token|csrf|xsrf|api[_-]?key|access[_-]?key|private[_-]?key"
    r"|licen[cs]e[_-]?key|authori[sz]ation|credential|session[_-]?id|^sid$|sessid|jwt|bearer|signature|^sig$"
    r"|^cvv|assertion|cookie|^auth$",
    re.IGNORECASE,
)
# Of a name in snake case, as these are parts of other words, too: `footprint`, `className`, `option`.
_SHORT = re.compile(
    r"(?:^|_)(?:pw|totp|otp|mfa|tfa|2_?fa|cvc2?|cvv2?|iban|ssn)(?:_?(?:code|number|value))?$"
    r"|(?:^|_)pin_?code$|^pin$|card_?(?:number|no|num)$"
    r"|(?:^|_)(?:security|verification|auth|recovery|reset|sms)_?code$"
)
_WEAK = re.compile(r"^code$|^state$|^nonce$|^key$", re.IGNORECASE)
"""Names that mean other things, too, so they do not count for a number, or for a word inside a text."""

_CARD = re.compile(r"(?:^|_)(?:card|pan)$|^number$")
_CARD_NUMBER = re.compile(r"[3-6](?:[ -]?\d){12,18}")

_PAIR = re.compile(
    r"([\w.-]{2,40})[\\\"']*\s*[=:]\s*((?:\[\s*)?\\*(?:\"\"\"|[\"'])?)(?=([^\s\"'&;,}\\]{1,200}))"
)
_TAG = re.compile(r"<(?:[\w.-]{1,40}:)?([\w.-]{2,40})(?:\s[^<>]*)?>\s*(?:<!\[CDATA\[)?([^\s<]+)")
_PARAMETER = re.compile(r"[?&]([\w.-]{2,40})=([^\s\"'&]+)")
_GRAPHQL = re.compile(
    r"\s*(?:#[^\n]*\n\s*)*(?:query|mutation|subscription|fragment)\b\s*(?:\w+\s*)?(?:on\s+\w+\s*)?[({@]"
)
_DATA = re.compile(r"data:[\w.+-]+/[\w.+-]+[;,]")


def looks_secret(name: str, value: str) -> bool:
    """Return True if a value must not be written, by its name or by itself."""
    return _strong(name, value) or bool(_WEAK.search(name))


def value_looks_secret(name: str, value: object) -> bool:
    """Return True if a value of a document, or a part of it, must not be written."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _number_looks_secret(name, value)
    if not isinstance(value, str):
        return False
    if looks_secret(name, value):
        return True
    return _DATA.match(value) is None and (
        _any_word_secret(value) or any(_strong(inner, each) for inner, each in _pairs(value))
    )


def free_text_looks_secret(text: str) -> bool:
    """Return True if some part of a text of no known form must not be written."""
    if value_looks_secret("", text):
        return True
    return _GRAPHQL.match(text) is None and any(_WEAK.search(name) for name, _, _ in _PAIR.findall(text))


def inner_name(mapping: Mapping[str, object], key: str, above: str) -> str:
    """The name of a value: its key, or for `value` the secret name beside or above it."""
    if key.lower() not in ("value", "val"):
        return key
    beside = [mapping.get(each) for each in ("name", "Name", "key", "field")]
    names = [each for each in beside if isinstance(each, str) and re.fullmatch(r"[\w.\[\]-]+", each)]
    return next((each for each in (*names, above) if _strong(each, "")), key)


def _number_looks_secret(name: str, value: float) -> bool:
    plain = _snake(name)
    card = _CARD.search(plain) and _CARD_NUMBER.fullmatch(str(value))
    return bool(is_secret(name, value) or _SHORT.search(plain) or card)


def _strong(name: str, value: str) -> bool:
    plain = _snake(name)
    return bool(
        _NAME.search(name)
        or _SHORT.search(plain)
        or is_secret(name, value)
        or is_secret_itself(value)
        or (_CARD.search(plain) and _CARD_NUMBER.fullmatch(value))
    )


def _any_word_secret(text: str) -> bool:
    return any(map(is_secret_itself, re.split(r"[\s\"'<>,;&=]+", text))) or any(
        _WEAK.search(name) for name, _ in _PARAMETER.findall(text)
    )


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    """Names with what they are set to. In GraphQL only literals count: `$password: String!` is a declaration."""
    graphql = _GRAPHQL.match(text) is not None
    for name, quote, value in _PAIR.findall(text):
        if not graphql or quote.strip("[ \n\\") or value[0].isdigit():
            yield name, value
    yield from _TAG.findall(text)


def _snake(name: str) -> str:
    return re.sub(r"\W+|(?<=[a-z0-9])(?=[A-Z])", "_", name).strip("_").lower()
