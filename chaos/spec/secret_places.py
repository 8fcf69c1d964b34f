"""Detect secrets by where they are in a file: cookies, headers, bodies and commands."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from chaos.record import secret_forms
from chaos.spec.broken import Place
from chaos.spec.secret_values import is_secret

RULE = "must not be a secret in plain text"
_OF_A_COMMAND = {
    "argv": f"{RULE}: give it to the command as a variable, such as env: {{TOKEN: {{env: TOKEN}}}}",
    "command": f"{RULE}: let the command read it from a file or from midnight's own environment",
}
_OF_A_HEADER = f"{RULE}: write {{env: NAME}} or {{file: PATH}}"
_OF_A_BODY = f"{RULE}: use `json` or `form`, with {{secret: {{env: NAME}}}} for it"

_ANSWERS = frozenset({"expect", "acknowledged", "missing"})  # what is compared, not sent
_SESSION = re.compile(r"sess|(?:^|[._-])sid$|auth(?!or)|csrf|xsrf|jwt|remember", re.I)
_AUTH = re.compile(r"(?:^|[._-])(?:auth(?:[_-]?key)?|access[_-]?key)$", re.I)
_WORDS = re.compile(r"|true|false|yes|no|none|null|on|off|basic|bearer", re.I)
_LEAST = 12  # characters of a session's name; shorter ones are words
_RANDOM = re.compile(r"(?=(?:\D*\d){4})(?=.*[A-Za-z])[A-Za-z0-9=~.+/%]{20,}")
_FILLED = re.compile(r"\{[^\W\d][\w.:-]*\}")
_REFERENCE = re.compile(rf"\$\{{[^}}]*\}}|\$\([^)]*\)|\$\w+|{_FILLED.pattern}")  # also those of a shell
_REFERRED = "\0"
_SCHEME = re.compile(r"\s*(?:basic|bearer|digest|token)\s*|[\"'\s;]+|[\w.-]+=(?=[;\s\"']|$)", re.I)
_PATH = re.compile(r"[\"']?(?:~|\.{0,2})/")
_ABOUT = re.compile(r"(?:file|path|dir|name|env|url|type|ttl|length|id|header)[\"']?\s*[=:]\s*$", re.I)
_COUNT = re.compile(r"tokens[\"']?\s*[=:]\s*$", re.I)
_PAIR = re.compile(r"[\"']?\b([\w.-]{2,60})[\"']?\s*[:=]\s*(?:\"((?:[^\"\\]|\\.)+)\"|'((?:[^'\\]|\\.)+)')")
_NUMBER = re.compile(r"\"([\w.-]{2,60})\"\s*:\s*(-?\d+)\b")
_ELEMENT = re.compile(r"<(?:\w+:)?([\w.-]{2,60})(?:\s[^<>]*)?>([^<>]+)</")
_FIELDS = re.compile(r"(?:^|&)([\w.%\[\]-]{2,60})=([^&\s]+)")
_TOKENS = re.compile(r"[\s\"'<>,;&=:(){}]+")


def rule_at(place: Place, value: Any) -> str | None:
    """The rule that a value breaks because it looks like a secret at this place of a file."""
    if not place or _ANSWERS & set(place):
        return None
    above = place[-2] if len(place) > 1 else None
    if isinstance(value, list):
        is_command = place[-1] in _OF_A_COMMAND and all(isinstance(each, str) for each in value)
        return _OF_A_COMMAND[str(place[-1])] if is_command and in_command(value) else None
    if not isinstance(value, str):
        return None
    if above in ("cookies", "headers"):
        found = _in_cookie if above == "cookies" else _in_header
        return _OF_A_HEADER if found(str(place[-1]), value) else None
    is_body = place[-1] == "body" or (place[-1] == "content" and above == "file")
    return _OF_A_BODY if is_body and in_body(value) else None


def in_command(argv: Sequence[str]) -> bool:
    """Return True if a command has a secret in it; variables and names in braces are none."""
    text = _REFERENCE.sub(_REFERRED, " ".join(argv))
    return any(_is_literal(text, found) for found in secret_forms.found(text))


def in_body(text: str) -> bool:
    """Return True if a text of any form has a named secret in it, or a token."""
    named = any(is_secret(name, value) for name, value in _pairs(text))
    return named or any(
        secret_forms.mask(word) != word for word in (text, *_TOKENS.split(text)) if _is_plain(word)
    )


def _is_plain(text: str) -> bool:
    """True if what is masked in it cannot be because of a name, of which `_pairs` knows more."""
    return not _TOKENS.search(text) or "PRIVATE KEY-----" in text


def _pairs(text: str) -> Iterator[tuple[str, str | int]]:
    yield from ((name, one or other) for name, one, other in _PAIR.findall(text))
    yield from ((name, int(number)) for name, number in _NUMBER.findall(text))
    yield from _ELEMENT.findall(text)
    if not re.search(r"[\s\"<]", text.strip()):
        yield from _FIELDS.findall(text.strip())


def _in_cookie(name: str, value: str) -> bool:
    literal = _FILLED.sub("", value)
    is_session = bool(_SESSION.search(name)) and len(literal) >= _LEAST and any(map(str.isdigit, literal))
    return is_session or bool(_RANDOM.fullmatch(literal))


def _in_header(name: str, value: str) -> bool:
    if name.lower() == "cookie":
        cookies = [each.strip().partition("=") for each in value.split(";")]
        return any(is_secret(key, held) or _in_cookie(key, held) for key, _, held in cookies if held)
    literal = _FILLED.sub("", value).strip()
    if _AUTH.search(name) and not _WORDS.fullmatch(literal):
        return True
    return any(secret_forms.mask(word) != word for word in _TOKENS.split(literal))


def _is_literal(text: str, found: re.Match[str]) -> bool:
    """True if the file itself has what a form masks: not a variable, a path or a count of tokens."""
    key = found.groupdict().get("key") or ""
    hidden = found[0][len(key) :]
    in_url = text[: found.start()].endswith("://") and not key  # also of a user without a password
    about = _PATH.match(hidden) or _ABOUT.search(key) or (_COUNT.search(key) and hidden.isdecimal())
    return not (in_url or about) and bool(_SCHEME.sub("", hidden.replace(_REFERRED, "")))
