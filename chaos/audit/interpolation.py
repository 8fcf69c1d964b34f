"""Compose's interpolation, and the files of variables that it reads."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from chaos.errors import FileError
from chaos.spec.userfile import read_text

_VARIABLE = re.compile(r"\$\{(\w+)(?:(:?[-?+])([^{}]*))?\}|\$(\w+)")
_NESTED = 3
_LONGEST = 100_000  # characters that variables bring: each may hold the next one many times
_DOLLAR = "\0"  # in place of $$; YAML has no such character, nor those of _UNKNOWN
_UNKNOWN = re.compile(r"\x01(\w+)\x02")
_LINE = re.compile(r"\s*(?:export\s+)?([^\s=#][^=]*?)\s*=\s*(.*?)\s*")
_QUOTED = re.compile(r"([\"'])(.*?)\1\s*(?:#.*)?")


def filled_in(text: str, values: Mapping[str, str]) -> str | None:
    """Fill in Compose's variables: from the values, else from the default; None if one has neither."""
    filled = _each_filled_in(text.replace("$$", _DOLLAR), values)
    return None if _UNKNOWN.search(filled) else filled.replace(_DOLLAR, "$")


def as_far_as_known(text: str, values: Mapping[str, str], of_shell: Mapping[str, str]) -> str:
    """Fill in Compose's variables, then those that Compose leaves to a shell; what is unknown stays as `${NAME}`."""
    return in_the_shell(_each_filled_in(text.replace("$$", _DOLLAR), values).replace(_DOLLAR, "$"), of_shell)


def in_the_shell(text: str, values: Mapping[str, str]) -> str:
    """Fill in variables as a shell does; what is unknown stays as `${NAME}`."""
    return _UNKNOWN.sub(r"${\1}", _each_filled_in(text, values))


def without_defaults(text: str) -> str:
    """Return `${NAME}` for `${NAME:-default}`: a default may be a secret."""
    for _ in range(_NESTED):
        text = _VARIABLE.sub(lambda found: unknown(found[1] or found[4]), text)
    return _UNKNOWN.sub(r"${\1}", text)


def _each_filled_in(text: str, values: Mapping[str, str]) -> str:
    for _ in range(_NESTED):  # a default may hold a variable
        if sum(len(_value(found, values)) for found in _VARIABLE.finditer(text)) > _LONGEST:
            break
        text = _VARIABLE.sub(lambda found: _value(found, values), text)
    return text


def _value(found: re.Match[str], values: Mapping[str, str]) -> str:
    name, operator, other = found[1] or found[4], found[2] or "", found[3] or ""
    value = values.get(name)
    is_given = bool(value) if operator.startswith(":") else value is not None
    if operator.endswith("+"):
        return other if is_given else ""
    if is_given:
        return value or ""
    return other if operator.endswith("-") else unknown(name)


def unknown(name: str) -> str:
    """The value of a variable that has one, which the files do not say."""
    return f"\x01{name}\x02"


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
