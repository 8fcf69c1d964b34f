"""Parse YAML text into documents with line numbers, within bounds of depth and size."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar, cast

from ruamel.yaml import YAML
from ruamel.yaml.composer import Composer
from ruamel.yaml.error import ReusedAnchorWarning, YAMLError

from chaos.errors import FileError
from chaos.spec import yamlproblems
from chaos.spec.userfile import DEEPEST, read_text
from chaos.spec.yamlevents import Events, NotRead

T = TypeVar("T")

MOST_NODES = 30_000
"""Maximum keys and values of a file; a thousand schedules have half of it."""

TOO_DEEP = f"is nested too deeply: at most {DEEPEST} levels"

_BRACKETS = re.compile(r"[\[{}\]]")


class _TooMuch(Exception):
    """The text exceeds a bound: the message is the rule."""


class _Bounded(Composer):
    """Counts nodes and their depth."""

    _made = _depth = 0
    most = MOST_NODES

    def compose_node(self, parent: Any, index: Any) -> Any:
        self._made += 1
        self._depth += 1
        if self._made > self.most:
            raise _TooMuch(f"holds more than {self.most} keys and values")
        if self._depth > DEEPEST:
            raise _TooMuch(TOO_DEEP)
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node


def load(path: Path) -> Any:
    """Parse the file's only document, without comments; copy it before you change it. Raises FileError."""
    return _loaded(path, _parsed)


def load_commented(path: Path) -> Any:
    """Parse the file's only document with its comments, which takes fifteen times as long. Raises FileError."""
    return _loaded(path, _commented)


def load_all(path: Path) -> list[Any]:
    """Parse the file's non-empty documents. Raises FileError."""
    return _loaded(path, _all_parsed)


def parse(path: Path, text: str, most: int) -> Any:
    """Parse text of at most `most` keys and values, which was read elsewhere, into plain values. Raises FileError."""
    composer = cast(type[Composer], type("_Larger", (_Bounded,), {"most": most}))
    return _checked(path, text, lambda text: _read(text, _one, "safe", composer))


@lru_cache(maxsize=64)
def _parsed(text: str) -> Any:
    """Parse a text once: a command reads the same file for its kind, its rules and its plan."""
    return _read(text, _one)


@lru_cache(maxsize=64)
def _commented(text: str) -> Any:
    reader = YAML()
    reader.Composer = _Bounded
    return reader.load(text)


def _all_parsed(text: str) -> list[Any]:
    return _read(text, lambda reader, text: [each for each in reader.load_all(text) if each is not None])


def _one(reader: YAML, text: str) -> Any:
    return reader.load(text)


def _read(
    text: str, read: Callable[[YAML, str], T], kind: str = "rt", composer: type[Composer] = _Bounded
) -> T:
    """Read the text by libyaml; what that refuses, by ruamel alone, for the errors that `yamlproblems` knows."""
    reader = YAML(typ=kind, pure=True)
    reader.Composer = composer
    try:
        reader.Parser = Events(text)
        return read(reader, text)
    except (NotRead, YAMLError):
        reader = YAML(typ=kind, pure=True)
        reader.Composer = composer
        return read(reader, text)


def _loaded(path: Path, read: Callable[[str], T]) -> T:
    return _checked(path, read_text(path), read)


def _checked(path: Path, text: str, read: Callable[[str], T]) -> T:
    if (line := _too_deep(text)) is not None:  # the scanner takes seconds for a few thousand levels
        raise FileError(path, line, "", TOO_DEEP)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ReusedAnchorWarning)  # YAML allows it: the latest counts
            return read(text)
    except YAMLError as error:
        line, rule = yamlproblems.described(error, text)
        raise FileError(path, line, "", rule) from error
    except ValueError as error:
        line, rule = yamlproblems.of_value(text)
        raise FileError(path, line, "", rule) from error
    except RecursionError:
        raise FileError(path, None, "", TOO_DEEP) from None
    except _TooMuch as error:
        raise FileError(path, None, "", str(error)) from None


def _too_deep(text: str) -> int | None:
    """Return the line at which brackets, including quoted ones, are nested too deeply; None if nowhere."""
    depth = 0
    for bracket in _BRACKETS.finditer(text):
        depth = depth + 1 if bracket[0] in "[{" else max(0, depth - 1)
        if depth > DEEPEST:
            return text.count("\n", 0, bracket.start()) + 1
    return None
