"""Records in JSON documents: the values that a JSONPath selects, and which of them belong to the same record."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from chaos.spec.jsonpath import following, parsed_path, segments

Location = tuple[int | str, ...]
EACH = "[*]"


class Node(NamedTuple):
    """One value that a path selects, and where it is in the document."""

    location: Location
    value: Any


_finder = lru_cache(maxsize=1000)(following)


def find(path: str, document: Any) -> list[Node]:
    """Every value that the path selects, in order; none if the document has no such place."""
    return [Node(tuple(node.location), node.value) for node in parsed_path(path).find(document)]


def first(path: str, document: Any, default: Any = None) -> Any:
    """The first value that the path selects, which may be null; `default` if there is none."""
    found = _finder(path)(document)
    return found[0] if found else default


def list_of(path: str) -> str | None:
    """The path of what a path's first `[*]` goes through, such as `$['items']` of `$.items[*].id`; None if it has
    none."""
    steps = segments(path)
    return "$" + "".join(steps[: steps.index(EACH)]) if EACH in steps else None


def record_of(path: str) -> str:
    """The path of the records themselves: `$['items'][*]` of `$.items[*].id`, `$` of a path without `[*]`."""
    steps = segments(path)
    last = max((n for n, step in enumerate(steps) if step == EACH), default=-1)
    return "$" + "".join(steps[: last + 1])


def depth_of(paths: Sequence[str]) -> int | None:
    """The number of leading steps that all paths share, up to their last `[*]`: values with the same location up to
    there are of the same record. None if a path goes through another list than the others, or has a `..`.
    """
    every = [segments(path) for path in paths]
    depths = {max((n + 1 for n, step in enumerate(steps) if step == EACH), default=0) for steps in every}
    starts = {tuple(steps[: max(depths)]) for steps in every}
    if len(depths) > 1 or depths == {0} or len(starts) > 1 or any(".." in step for step in starts.pop()):
        return None
    return depths.pop()
