"""Detect values in a file that look like secrets: they are refused, or at least not repeated in messages."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from chaos.record.secret_names import WORDS

_SECRET_KEY = re.compile(rf"{WORDS}|authorization", re.I)
_COUNT_KEY = re.compile(r"tokens$", re.I)  # of a model's answer: a number there is not a secret
_QUERY_NAME = re.compile(r"[?&]([^=&\s]+)=(?!\{[\w.]+\}(?:&|$))[^&\s]")
_REFERENCE = re.compile(r"(?:[A-Za-z][\w-]{0,15}[ =:]){0,2}\{[^\W\d][\w.-]*\}")  # `Bearer {token}`
_SELECTS = re.compile(r"\$[.\[]")  # a JSONPath that an answer must have, or not
_WORDS = ("absent", "present")
_SECRET_IN_URL = re.compile(r"://[^\s@]*:\S*@")  # also with an unescaped / or ? in the password
_SECRET_PAIR = re.compile(r"(?:^|[\s;])(?:password|passwd|pwd)\s*=\s*\S", re.I)
_CONNECTING = re.compile(r"(?:^|[\s;])(?:host|server|user|dbname|database)\s*=", re.I)  # unlike an SQL query
_MAY_BE_SECRET = re.compile(r"\S@\S|^(?=\S*[a-z])(?=\S*[A-Z])(?=\S*\d)[^\s/]{8,}$")


def is_secret(name: str, value: Any) -> bool:
    """Return True if a value, with the nearest key above it, looks like a secret."""
    if isinstance(value, str):
        if _REFERENCE.fullmatch(value) or (_SELECTS.match(name) and value in _WORDS):
            return False
        directory = name.lower().endswith("pwd") and value.startswith("/")
        named = _SECRET_KEY.search(name) and not directory
        named = named or any(map(_SECRET_KEY.search, _QUERY_NAME.findall(value)))
        connecting = _CONNECTING.search(value) and _SECRET_PAIR.search(value)
        return bool(named or connecting or _SECRET_IN_URL.search(value))
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and bool(_SECRET_KEY.search(name)) and not _COUNT_KEY.search(name)


def showable(value: object) -> object:
    """Return the value if a message may repeat it; else None."""
    plain = value if isinstance(value, str | int | float | date) else None
    return None if isinstance(plain, str) and _MAY_BE_SECRET.search(plain) else plain
