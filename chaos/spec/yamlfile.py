"""YAML files as frozen values. Every error names file, line, place and value."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import reduce
from itertools import chain, count
from pathlib import Path
from typing import Annotated, Any, TypeVar, get_args

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    model_validator,
)

from chaos.errors import FileError, UsageError
from chaos.spec import yamltext
from chaos.spec.secret_values import is_secret, showable
from chaos.spec.units import WRITTEN, is_written
from chaos.spec.yamltags import without_tags

Place = tuple[int | str, ...]


class Model(BaseModel):
    """A frozen value of a file: unknown keys are errors, and all numbers are finite."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _no_number_is_true(cls, data: Any, info: ValidationInfo) -> Any:
        """Refuse booleans as numbers: `true` would count as 1."""
        if is_written(info) and isinstance(data, dict):
            names = {field.alias or name: field.annotation for name, field in cls.model_fields.items()}
            for place, value in _booleans(data):
                if _is_number(names.get(place[0])):
                    raise BrokenRule(f"must be a number, not {str(value).lower()}", *place)
        return data


M = TypeVar("M", bound=BaseModel)
T = TypeVar("T")


def _booleans(data: dict[Any, Any]) -> Iterator[tuple[tuple[Any, ...], bool]]:
    """Check the keys, and the mappings below them."""
    for key, value in data.items():
        below = value.items() if isinstance(value, dict) else ()
        yield from (((key, name), each) for name, each in below if isinstance(each, bool))
        if isinstance(value, bool):
            yield (key,), value


def _is_number(annotation: Any) -> bool:
    """Return True if a field accepts numbers but not booleans."""
    kinds = list(_kinds(annotation))
    return (int in kinds or float in kinds) and bool not in kinds


def _kinds(annotation: Any) -> Iterator[Any]:
    inner = get_args(annotation)
    return chain.from_iterable(map(_kinds, inner)) if inner else iter((annotation,))


def _no_number(value: Any) -> Any:
    """Refuse numbers as dates: they would count as seconds since 1970."""
    if isinstance(value, date | str):
        return value
    raise ValueError("must be a date such as 2026-12-31")


Date = Annotated[date, BeforeValidator(_no_number)]

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]*$", max_length=60)]
"""Syntax of names in files."""


class BrokenRule(ValueError):
    """A broken rule that spans several keys, at `place` (relative to the rule's model)."""

    def __init__(self, rule: str, *place: int | str) -> None:
        super().__init__(rule)
        self.place: Place = place


class SecretValue(BrokenRule):
    """A broken rule whose value may be a secret: the message must not show it."""


MOST_VALUES = 100_000


def read_mapping(path: Path) -> Any:
    """Read the file as a mapping with line numbers. Raises FileError."""
    document = yamltext.load(path)
    _check_mapping(path, document)
    return document


def read_documents(path: Path) -> list[Any]:
    """Read each document of the file, at least one, as a mapping with line numbers. Raises FileError."""
    documents = yamltext.load_all(path) or [None]
    for document in documents:
        _check_mapping(path, document)
    return documents


def _check_mapping(path: Path, document: Any) -> None:
    if not isinstance(document, dict):
        kind = type(document).__name__ if document is not None else "nothing"
        raise FileError(path, _line_of(document, ()), "", f"must be a mapping of keys to values, not {kind}")
    check_values(path, document)


def check_values(path: Path, document: Any) -> None:
    """Raises FileError for a document with a secret, one that contains itself, or one that is far too large."""
    try:
        _refuse_secrets(path, document, document, (), count())
    except RecursionError:
        raise FileError(path, None, "", "contains itself through an alias, or is nested too deeply") from None


def load(path: Path, model: type[M]) -> M:
    """Read the file as a value of `model`. Raises FileError for the first broken rule."""
    return Where.read(path).parse(model)


def written(model: type[M], value: Any) -> M:
    """Validate a person's input as `model`: times and sizes need units. Raises ValidationError."""
    return model.model_validate(value, context=WRITTEN)


def first_rule(error: ValidationError) -> tuple[Place, str, Any]:
    """Return place, rule and value (if it may be shown) of a pydantic error's first broken rule."""
    first = error.errors()[0]
    cause = first.get("ctx", {}).get("error")
    place = (*first["loc"], *(cause.place if isinstance(cause, BrokenRule) else ()))
    rule = {"extra_forbidden": "unknown key", "missing": "is required"}.get(
        first["type"], first["msg"].removeprefix("Value error, ").removeprefix("Input ")
    )
    untold = first["type"] == "missing" or isinstance(cause, SecretValue)
    value = None if untold or isinstance(first["input"], dict | list) else first["input"]
    return place, rule, value


@dataclass(frozen=True, slots=True)
class Where:
    """A place in a file: its value, and errors about it."""

    path: Path
    document: Any
    place: Place = ()

    @classmethod
    def read(cls, path: Path) -> Where:
        """Return the root of a file with a mapping. Raises FileError."""
        return cls(path, read_mapping(path))

    def under(self, *keys: int | str) -> Where:
        return Where(self.path, self.document, (*self.place, *keys))

    def broken(self, rule: str, value: object = None) -> FileError:
        """Return an error with this place, its line, the rule and the value."""
        there = without_tags(self.document, self.place)
        line, place = _line_of(self.document, there), _show_place(self.document, there)
        return FileError(self.path, line, place, rule, showable(value))

    def invalid(self, error: ValidationError) -> FileError:
        """Return the first broken rule of a pydantic error about the value at this place."""
        place, rule, value = first_rule(error)
        return self.under(*place).broken(rule, value)

    def parse(self, model: type[M], value: Any = ...) -> M:
        """Validate the value at this place, or the given one instead. Raises FileError."""
        if value is ...:
            value = reduce(_child, self.place, self.document)
        try:
            return written(model, plain(value))
        except ValidationError as error:
            raise self.invalid(error) from None

    def named(self, find: Callable[[], T]) -> T:
        """Call `find` with the name at this place. Its UsageError becomes an error at this place."""
        try:
            return find()
        except FileError:
            raise
        except UsageError as error:
            raise self.broken(str(error)) from None


def _line_of(document: Any, place: Place) -> int | None:
    """Return the line (from 1) of the deepest part of `place` in the file."""
    line: int | None = None
    node: Any = document
    for key in place:
        marks = getattr(node, "lc", None)
        if marks is None:
            break
        if isinstance(key, int) and isinstance(node, dict):
            continue
        try:
            position = marks.key(key) if isinstance(node, dict) else marks.item(key)
            line, node = position[0] + 1, node[key]
        except (KeyError, IndexError, TypeError):
            break
    return line if line is not None else getattr(getattr(document, "lc", None), "line", 0) + 1


def _show_place(document: Any, place: Place) -> str:
    """Format `steps, 2, hold` as `step 'idle_drop': hold`: list items are named."""
    shown: list[str] = []
    node = document
    for key in place:
        if isinstance(key, int) and isinstance(node, dict):
            continue  # a single mapping was accepted as a list of one
        node = _child(node, key)
        if isinstance(key, int) and isinstance(node, dict) and "name" in node and shown:
            shown[-1] = f"{_singular(shown[-1])} {str(node['name'])!r}"
        elif isinstance(key, int) and shown:
            shown[-1] = f"{shown[-1]}[{key}]"
        else:
            shown.append(str(key))
    return ": ".join(shown)


def _singular(word: str) -> str:
    return f"{word.removesuffix('ies')}y" if word.endswith("ies") else word.removesuffix("s")


def _child(node: Any, key: int | str) -> Any:
    try:
        return node[key]
    except (KeyError, IndexError, TypeError):
        return None


def _refuse_secrets(path: Path, document: Any, node: Any, place: Place, seen: Iterator[int]) -> None:
    if next(seen) > MOST_VALUES:  # a few aliases of aliases can expand to billions
        raise FileError(
            path, None, "", f"holds more than {MOST_VALUES} values, those of its aliases included"
        )
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in items:
        here = (*place, key)
        name = next((str(part) for part in reversed(here) if isinstance(part, str)), "")
        if is_secret(name, value):
            raise Where(path, document, here).broken("must not be a secret in plain text")
        _refuse_secrets(path, document, value, here, seen)


def plain(node: Any) -> Any:
    """Convert ruamel's containers to plain ones: pydantic repeats its input in messages."""
    if isinstance(node, dict):
        return {str(key): plain(value) for key, value in node.items()}
    if isinstance(node, list):
        return [plain(value) for value in node]
    return node
