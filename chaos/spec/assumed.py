"""Find what else is wrong in a document with mistakes, independently of what belongs in their place.

A rule between several values can only be tried on a document without mistakes. So each mistake is replaced by a value
that would do, in two ways that differ as much as they can. What both documents break is broken in any case; what only
one of them breaks follows from the value in a mistake's place, and is not reported.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterator, Sequence
from copy import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from chaos.errors import FileError, UnknownKey, UsageError, together
from chaos.spec import places
from chaos.spec.broken import Place

T = TypeVar("T")

Check = Callable[[Any], object]
"""Validates a document. Raises FileError for each broken rule that can be tried."""

log = logging.getLogger(__name__)

MOST_MISTAKES, ROUNDS = 8, 3

_VALUES: Sequence[Any] = (
    *(
        "90s",
        "1s",
        1,
        "1%",
        0.5,
        "1MB",
        "a",
        "/a",
        "http://127.0.0.1:1",
        "2999-12-31",
        True,
        "0 1 * * *",
        "UTC",
    ),
    *([], {}, False, "/b", "b", "c", "50%", 0.25, "30 13 1 1 *", "Europe/Berlin", "1GB", 2, 50, 1000, "1h"),
)
"""Those of one kind are far apart: of those that do, the first and the last are tried."""

_GONE = object()


@dataclass(frozen=True, slots=True)
class Change:
    """Another value at a place, which may be new `instead_of` a key beside it; by default none."""

    keys: Place
    value: Any = _GONE
    instead_of: str | None = None

    def made(self, document: Any) -> Any:
        """The document with it; the given one stays as it is."""
        return _changed(document, self.keys, self.value, self.instead_of)

    def differs(self, other: Change) -> bool:
        """False if both leave nothing: what then lacks it follows from the mistake."""
        return self.keys != other.keys or not all(
            each.value is _GONE or each.value in ([], {}) for each in (self, other)
        )


def thorough(path: Path, document: Any, read: Callable[[Any], T], whole: Check | None = None) -> T:
    """What `read` makes of the document of a file. Raises FileError for each rule that is broken in any case: of those
    that `read` tries and, if it is given, of those that `whole` tries."""
    try:
        return read(document)
    except FileError as error:
        try:
            error = _further(path, document, error, read, whole or read)
        except Exception:  # a value in a mistake's place must not hide the mistake
            log.debug("%s: what else is wrong", path, exc_info=True)
        raise error from None


def _further(path: Path, document: Any, error: FileError, check: Check, whole: Check) -> FileError:
    known, new = list(error.each), list(error.each)
    one = other = document
    touched: set[Place] = set()
    for _ in range(ROUNDS):
        if len(known) > MOST_MISTAKES or any(each.path != path for each in new):
            break
        for mistake in new:
            if (changes := _mended(one, mistake, check)) is None:
                continue  # it stays: what it hides is not known
            one, other = changes[0].made(one), changes[1].made(other)
            touched |= {each.keys for each in changes}
        both = _in_both(_errors(one, whole), _errors(other, whole))
        seen = {(each.path, each.keys, each.rule) for each in known}
        new = [
            _as_written(each, path, document)
            for each in both
            if (each.path, each.keys, each.rule) not in seen
            and not (each.path == path and any(_is_under(each.keys, keys) for keys in touched))
        ]
        if not new:
            break
        known += new
    return together(known)


def _in_both(one: Sequence[FileError], other: Sequence[FileError]) -> Iterator[FileError]:
    there = {(each.path, each.keys, each.rule) for each in other}
    return (each for each in one if (each.path, each.keys, each.rule) in there)


def _as_written(error: FileError, path: Path, document: Any) -> FileError:
    """An error of this file at its line in it."""
    if error.path != path:
        return error
    line, place = places.line_of(document, error.keys), places.shown(document, error.keys)
    return FileError(path, line, place, error.rule, error.value, error.keys, error.hint)


def _is_under(keys: Place, other: Place) -> bool:
    return keys[: len(other)] == other


def _errors(document: Any, check: Check) -> list[FileError]:
    """The broken rules; none if something else is wrong, which is not about this document."""
    try:
        check(document)
    except FileError as error:
        return list(error.each)
    except UsageError:
        return []
    return []


def _mended(document: Any, error: FileError, check: Check) -> tuple[Change, Change] | None:
    """Two changes that mend the mistake, as different as possible; None if there are no two."""
    if not error.keys:
        return None
    if (unknown := error.hint.unknown_key) is not None:
        change = _renamed(document, error.keys, unknown)
        return None if change is None else (change, change)
    before = {(each.keys, each.rule) for each in _errors(document, check)} - {(error.keys, error.rule)}
    tried = [(_cost(each, document, error, check, before), each) for each in _changes(document, error)]
    least = min((cost for cost, _ in tried if cost is not None), default=None)
    does = [each for cost, each in tried if cost is not None and (cost == least or each.keys != error.keys)]
    return (does[0], does[-1]) if len(does) > 1 and does[0].differs(does[-1]) else None


def _cost(
    change: Change, document: Any, error: FileError, check: Check, before: Collection[tuple[Place, str]]
) -> tuple[int, int] | None:
    """How deep the rules are that it breaks around the place, and how many beside it, that were not broken before: the
    less, the better it fits. None if the mistake is not mended."""
    left = _errors(change.made(document), check)
    new = [each.keys for each in left if (each.keys, each.rule) not in before]
    if any(_is_under(keys, change.keys) or keys == error.keys for keys in new):
        return None
    beside = sum(_is_under(keys, change.keys[:-1]) for keys in new)
    return sum(len(keys) for keys in new if _is_under(change.keys, keys)), beside


def _changes(document: Any, error: FileError) -> Iterator[Change]:
    """What may mend it. Of a rule between keys: one of them fewer."""
    here = places.value_at(document, error.keys)
    if isinstance(here, dict) and not error.hint.is_kind:
        yield from (Change((*error.keys, key)) for key in here)
        return
    yield Change(error.keys)
    yield from (Change(error.keys, value) for value in (*error.hint.values, *_VALUES))


def _renamed(document: Any, keys: Place, unknown: UnknownKey) -> Change | None:
    """Under the key that is meant, or without the key; None for one that holds what may be needed elsewhere."""
    mapping = places.value_at(document, keys[:-1])
    given, new = mapping[keys[-1]], unknown.meant
    if new is None:
        return Change(keys) if unknown.needless and not isinstance(given, dict | list) else None
    if new in mapping:
        return Change(keys)
    return Change(
        (*keys[:-1], new), given if unknown.value is None else unknown.value, instead_of=str(keys[-1])
    )


def _changed(node: Any, keys: Place, value: Any, instead_of: str | None) -> Any:
    if isinstance(keys[0], int) and not isinstance(node, list):  # a single value, accepted as a list of one
        return value if len(keys) == 1 else _changed(node, keys[1:], value, instead_of)
    changed = copy(node)
    if len(keys) > 1:
        changed[keys[0]] = _changed(node[keys[0]], keys[1:], value, instead_of)
        return changed
    if instead_of is not None:
        changed.pop(instead_of, None)
    if value is not _GONE:
        changed[keys[0]] = value
    elif isinstance(changed, dict):
        changed.pop(keys[0], None)
    return changed
