"""Compose's interpolation, and the files of variables that it reads."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from chaos.errors import FileError
from chaos.spec.userfile import read_text

_VARIABLE = re.compile(r"\$\{(\w+)(?:(:?[-?+])([^{}]*))?\}|\$(\w+)")
_NESTED = 3
_DOLLAR = "\0"  # in place of $$; YAML has no such character
_LINE = re.compile(r"\s*(?:export\s+)?([^\s=#][^=]*?)\s*=\s*(.*?)\s*")
_QUOTED = re.compile(r"([\"'])(.*?)\1\s*(?:#.*)?")


def filled_in(text: str, values: Mapping[str, str]) -> str | None:
    """Fill in Compose's variables: from the values, else from the default; None if one has neither."""
    missing = False

    def value(found: re.Match[str]) -> str:
        nonlocal missing
        if known := values.get(found[1] or found[4]):
            return known
        missing |= found[2] not in ("-", ":-")
        return found[3] or ""

    text = text.replace("$$", _DOLLAR)
    for _ in range(_NESTED):  # a default may hold a variable
        filled = _VARIABLE.sub(value, text)
        if filled == text or missing:
            break
        text = filled
    return None if missing else text.replace(_DOLLAR, "$")


def written(text: str, path: Path) -> str | None:
    """Fill in a text of the Compose file at `path`; the `.env` beside it is read only if the text needs it."""
    return filled_in(text, beside(path) if "$" in text else {})


def beside(path: Path) -> dict[str, str]:
    """Read the `.env` beside a Compose file, as Compose does; empty if there is none."""
    return pairs(path.parent / ".env") or {}


def pairs(file: Path) -> dict[str, str] | None:
    """Read a file of lines such as `NAME=value`; None if it cannot be read."""
    try:
        lines = read_text(file).splitlines() if file.is_file() else None
    except (FileError, OSError):
        return None
    found = (_LINE.fullmatch(line) for line in lines or ())
    return None if lines is None else {each[1]: _unquoted(each[2]) for each in found if each}


def _unquoted(text: str) -> str:
    if quoted := _QUOTED.fullmatch(text):
        return quoted[2]
    return re.sub(r"(?:^|\s+)#.*", "", text)
