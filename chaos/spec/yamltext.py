"""Parse YAML text into documents with line numbers, within bounds of depth and size."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from ruamel.yaml import YAML
from ruamel.yaml.composer import Composer
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from chaos.errors import FileError
from chaos.spec.userfile import DEEPEST, read_text

T = TypeVar("T")

MOST_NODES = 30_000
"""Maximum keys and values of a file; a thousand schedules have half of it."""

_BRACKETS = re.compile(r"[\[{}\]]")
_QUOTED = re.compile(r"([\"'])((?:(?!\1).)*)\1")


class _TooMuch(Exception):
    """The text exceeds a bound: the message is the rule."""


class _Bounded(Composer):
    """Counts nodes and their depth."""

    _made = _depth = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        self._made += 1
        self._depth += 1
        if self._made > MOST_NODES:
            raise _TooMuch(f"holds more than {MOST_NODES} keys and values")
        if self._depth > DEEPEST:
            raise _TooMuch("is nested too deeply")
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node


def load(path: Path) -> Any:
    """Parse the file's only document. Raises FileError."""
    return _loaded(path, lambda text: _reader().load(text))


def load_all(path: Path) -> list[Any]:
    """Parse the file's non-empty documents. Raises FileError."""
    return _loaded(path, lambda text: [each for each in _reader().load_all(text) if each is not None])


def _reader() -> YAML:
    reader = YAML()
    reader.Composer = _Bounded
    return reader


def _loaded(path: Path, read: Callable[[str], T]) -> T:
    text = read_text(path)
    if _deepest_bracket(text) > DEEPEST:  # the scanner takes seconds for a few thousand levels
        raise FileError(path, None, "", "is nested too deeply")
    try:
        return read(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        rule = _problem(" ".join(str(error.problem or error).split()))
        raise FileError(path, mark.line + 1 if mark else None, "", rule) from error
    except YAMLError as error:
        raise FileError(path, None, "", " ".join(str(error).split())) from error
    except ValueError as error:  # an invalid date, a number with too many digits
        raise FileError(path, None, "", f"holds a value that cannot be read: {error}") from error
    except RecursionError:
        raise FileError(path, None, "", "is nested too deeply") from None
    except _TooMuch as error:
        raise FileError(path, None, "", str(error)) from None


def _problem(said: str) -> str:
    """Describe the syntax error without quoting the text: a key may be shown, a value may be a secret."""
    duplicate = re.match(r'found duplicate key ("[^"]*")', said)
    return f"found duplicate key {duplicate[1]}" if duplicate else _QUOTED.sub(_unquoted, said)


def _unquoted(found: re.Match[str]) -> str:
    """Keep YAML's own signs, and `<block end>`."""
    return found[0] if len(found[2]) < 3 or found[2].startswith("<") else "the text there"


def _deepest_bracket(text: str) -> int:
    """Return the depth of brackets, including quoted ones."""
    depth = deepest = 0
    for bracket in _BRACKETS.findall(text):
        depth = depth + 1 if bracket in "[{" else max(0, depth - 1)
        deepest = max(deepest, depth)
    return deepest
