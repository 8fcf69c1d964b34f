"""Records stored as JSON, as frozen values: their keys, the unit of each, and the default for a missing one.

A missing key, or one of another type than its field, counts as absent: the field has its default. Keys without a
field are ignored, so that a newer version may add some.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

_UNIT, _NULL, _KEY = "unit", "null", "key"
_ABSENT = object()


def stored(unit: str, default: Any = None, *, null: bool = False, key: str = "") -> Any:
    """A field of a record. `unit` is its unit, or the kind of value, in the words of docs/journal.md.

    None is not written, or as null with `null`. `dict` as the default means an empty one. `key` is the key if it is not
    a valid name in Python.
    """
    metadata = {_UNIT: unit, _NULL: null, _KEY: key}
    if default is dict:
        return field(default_factory=dict, metadata=metadata)
    return field(default=default, metadata=metadata)


@dataclass(frozen=True, slots=True)
class Stored:
    """One key of a record, and its field."""

    key: str
    field: str
    unit: str
    type: Any
    null: bool  # write None as null


_KEYS: dict[Any, tuple[Stored, ...]] = {}


def keys_of(kind: Any) -> tuple[Stored, ...]:
    """Return the keys of a class of records, in order."""
    if kind not in _KEYS:
        hints = get_type_hints(kind)
        _KEYS[kind] = tuple(
            Stored(
                each.metadata[_KEY] or each.name,
                each.name,
                each.metadata[_UNIT],
                hints[each.name],
                each.metadata[_NULL],
            )
            for each in fields(kind)
            if _UNIT in each.metadata
        )
    return _KEYS[kind]


def read(kind: type, document: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of `kind` that a document gives; a key that is missing or of another type is left out."""
    found = {one.field: _read(one.type, document.get(one.key, _ABSENT)) for one in keys_of(kind)}
    return {name: value for name, value in found.items() if value is not _ABSENT}


def misread(kind: type, document: Mapping[str, Any]) -> list[str]:
    """The keys that are given, but hold another type than their field: `read` leaves them out."""
    given = [one for one in keys_of(kind) if document.get(one.key) is not None]
    return [one.key for one in given if _read(one.type, document[one.key]) is _ABSENT]


def write(record: Any) -> dict[str, Any]:
    """Return the record as JSON."""
    found = {one: getattr(record, one.field) for one in keys_of(type(record))}
    return {one.key: _write(value) for one, value in found.items() if value is not None or one.null}


def _read(hint: Any, value: Any) -> Any:
    """Convert the value to the hinted type, or return _ABSENT if it is of another type."""
    if hint is Any:
        return value
    origin = get_origin(hint)
    if origin in (Union, UnionType):
        read_ones = (_read(each, value) for each in get_args(hint))
        return next((each for each in read_ones if each is not _ABSENT), _ABSENT)
    if origin is tuple:
        return _read_all(get_args(hint)[0], value)
    if is_dataclass(hint) and isinstance(hint, type):
        return hint(**read(hint, value)) if isinstance(value, Mapping) else _ABSENT
    return value if _fits(origin or hint, value) else _ABSENT


def _read_all(hint: Any, value: Any) -> Any:
    """Convert a list to a tuple; _ABSENT if an element is of another type."""
    if not isinstance(value, list | tuple):
        return _ABSENT
    found = tuple(_read(hint, each) for each in value)
    return _ABSENT if _ABSENT in found else found


def _fits(kind: Any, value: Any) -> bool:
    if kind is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if kind is int:
        return isinstance(value, int) and not isinstance(value, bool)
    return value is None if kind in (None, NoneType) else isinstance(value, kind)


def _write(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_write(each) for each in value]
    return write(value) if is_dataclass(value) and not isinstance(value, type) else value
