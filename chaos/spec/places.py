"""Places in a document: their lines, and their names as the file's author knows them."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from typing import Any

from ruamel.yaml.comments import CommentedSeq

from chaos.spec.broken import Place


def line_of(document: Any, place: Place) -> int:
    """Return the line (from 1) of the deepest part of `place` in the file."""
    line: int | None = None
    node: Any = document
    for key in place:
        marks = getattr(node, "lc", None)
        if marks is None:
            break
        if _is_one(node, key):
            continue
        try:
            line, node = _line(node, marks, key), node[key]
        except (KeyError, IndexError, TypeError):
            break
    return line if line is not None else getattr(getattr(document, "lc", None), "line", 0) + 1


def _line(node: Any, marks: Any, key: int | str) -> int:
    """The line of a key or an item; of one that `<<` takes over, where it is written. Raises KeyError, IndexError."""
    if not isinstance(node, dict):
        return int(marks.item(key)[0]) + 1
    try:
        return int(marks.key(key)[0]) + 1
    except KeyError:
        taken_over = next((each for each in getattr(node, "merge", ()) if key in each), None)
        if taken_over is None:
            raise
        return _line(taken_over, taken_over.lc, key)


def shown(document: Any, place: Place) -> str:
    """Format `steps, 2, hold` as `step 'idle_drop': hold`: list items are named."""
    parts: list[str] = []
    node = document
    for key in place:
        if _is_one(node, key):
            continue
        node = child(node, key)
        if isinstance(key, int) and isinstance(node, dict) and "name" in node and parts:
            parts[-1] = f"{_singular(parts[-1])} {str(node['name'])!r}"
        elif isinstance(key, int) and parts:
            parts[-1] = f"{parts[-1]}[{key}]"
        else:
            parts.append(str(key))
    return ": ".join(parts)


def without_tags(document: Any, place: Place, *, keep_last: bool) -> Place:
    """Strip from the place what pydantic adds for unions. `keep_last`: its last key is one that is missing."""
    kept: list[int | str] = []
    node = document
    for number, key in enumerate(place):
        if _is_one(node, key):
            kept.append(key)
            continue
        is_kept = keep_last and number == len(place) - 1
        if isinstance(key, int) or (isinstance(node, dict) and (key in node or is_kept)):
            kept.append(key)
            node = child(node, key)
    return tuple(kept)


def value_at(document: Any, place: Place) -> Any:
    """The value at a place; None if there is none."""
    node = document
    for key in place:
        if not _is_one(node, key):
            node = child(node, key)
    return node


def child(node: Any, key: int | str) -> Any:
    """The value below a key; None if there is none."""
    try:
        return node[key]
    except (KeyError, IndexError, TypeError):
        return None


def only(document: Any, key: str, kept: Sequence[int]) -> Any:
    """Return the document with only these items of its list `key`. Lines stay as in the file."""
    items = child(document, key)
    if not isinstance(items, CommentedSeq):
        return document
    found, fewer = CommentedSeq([items[index] for index in kept]), copy(document)
    for position, index in enumerate(kept):
        found.lc.add_idx_line_col(position, list(items.lc.item(index)))
    fewer[key] = found
    return fewer


def _is_one(node: Any, key: int | str) -> bool:
    """True if a single value was accepted as a list of one."""
    return isinstance(key, int) and isinstance(node, dict | str | int | float)


def _singular(word: str) -> str:
    return f"{word.removesuffix('ies')}y" if word.endswith("ies") else word.removesuffix("s")
