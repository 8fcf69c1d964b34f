"""JSONPath (RFC 9535): checked in a file, compiled once.

jsonpath-rfc9535 leaves no reference cycles behind, unlike larger libraries: the load process looks into answers with
its garbage collector off.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AfterValidator

if TYPE_CHECKING:
    from jsonpath_rfc9535 import JSONPathQuery

Find = Callable[[Any], Sequence[Any]]
"""The values that a path selects in a document, in order."""

_LONGEST = 1000  # characters
_NAMES = re.compile(r"\$(\.[A-Za-z_][A-Za-z0-9_]*)*")
_PLAIN = re.compile(rf"{_NAMES.pattern}(\[(\*|0|[1-9][0-9]{{0,8}})\]{_NAMES.pattern[2:]})*")
"""What most files have, valid without the parser: to import that takes as long as to read the files."""
_SEGMENT = re.compile(r"\.(\w+)|(\[[*0-9]+\])")
_NOTHING: tuple[()] = ()


def finder(path: str) -> Find:
    """Compile a path of a file. Raises ValueError with the rule that it breaks."""
    return following(_checked(path))


def following(path: str) -> Find:
    """Compile a path of any length. One to one value (`$.data.user.id`) is followed directly: a tenth of what a query
    costs."""
    if _NAMES.fullmatch(path):
        names = path.split(".")[1:]
        return lambda document: _followed(document, names)
    query = parsed_path(path)
    steps = _steps(query)
    if steps is None:
        return lambda document: query.find(document).values()
    return lambda document: _followed(document, steps)


def _checked(path: str) -> str:
    if len(path) > _LONGEST:
        raise _refused(path)
    if not _PLAIN.fullmatch(path):
        parsed_path(path)
    return path


JsonPath = Annotated[str, AfterValidator(_checked)]
"""A JSONPath such as `$.data.items[0].id`."""


@lru_cache(maxsize=1000)
def parsed_path(path: str) -> JSONPathQuery:
    """Raises ValueError."""
    from jsonpath_rfc9535 import JSONPathError  # slow to import, and most files have no JSONPath
    from jsonpath_rfc9535 import compile as compiled

    try:
        return compiled(path)
    except (JSONPathError, ValueError, RecursionError):
        raise _refused(path) from None


def segments(path: str) -> list[str]:
    """Return the segments of a path in their normal form, such as `['items']`, `[*]`, `[0]`. Raises ValueError."""
    if _PLAIN.fullmatch(path):
        return [f"['{name}']" if name else chosen for name, chosen in _SEGMENT.findall(path)]
    return [str(segment) for segment in parsed_path(path).segments]


def is_single(path: str) -> bool:
    """True if the path selects one value at most: it has no `*`, slice, filter or `..`. Raises ValueError."""
    return "*" not in path if _PLAIN.fullmatch(path) else parsed_path(path).singular_query()


def _refused(path: str) -> ValueError:
    meant = "" if path.startswith("$") else f"; did you mean $.{path}?" if path.isidentifier() else ""
    return ValueError(f"must be a JSONPath such as $.items[0].id (RFC 9535){meant}")


def _steps(query: JSONPathQuery) -> tuple[str | int, ...] | None:
    """The names and indices of a path to one value; None for any other."""
    from jsonpath_rfc9535.segments import JSONPathChildSegment
    from jsonpath_rfc9535.selectors import IndexSelector, NameSelector

    found: list[str | int] = []
    for segment in query.segments:
        chosen = segment.selectors
        if not isinstance(segment, JSONPathChildSegment) or len(chosen) != 1:
            return None
        if isinstance(chosen[0], NameSelector):
            found.append(chosen[0].name)
        elif isinstance(chosen[0], IndexSelector):
            found.append(chosen[0].index)
        else:
            return None
    return tuple(found)


def _followed(document: Any, steps: Sequence[str | int]) -> Sequence[Any]:
    node = document
    for step in steps:
        if isinstance(step, str):
            if not isinstance(node, dict) or step not in node:
                return _NOTHING
        elif not isinstance(node, list) or not -len(node) <= step < len(node):
            return _NOTHING
        node = node[step]
    return (node,)
