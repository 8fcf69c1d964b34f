"""YAML files as frozen values. Every error names file, line, place and value."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from functools import cache
from itertools import chain, count
from pathlib import Path
from typing import Annotated, Any, ClassVar, Protocol, Self, TypeVar, get_args

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from ruamel.yaml.comments import TaggedScalar

from chaos.errors import NO_HINT, FileError, Hint, UnknownKey, UsageError, together
from chaos.spec import assumed, near, places, secret_places, unquoted, wording, yamltext
from chaos.spec.broken import BrokenRule, Place, refuse
from chaos.spec.secret_values import is_secret, showable
from chaos.spec.units import WRITTEN, is_written


class Model(BaseModel):
    """A frozen value of a file: unknown keys are errors, and all numbers are finite."""

    # Deferred: most models are only parts of others, and a command reads files of few kinds.
    model_config = ConfigDict(
        frozen=True, extra="forbid", populate_by_name=True, allow_inf_nan=False, defer_build=True
    )

    foreign: ClassVar[
        Mapping[str, str | UnknownKey]
    ] = {}  # the rule for a key that an author may expect here

    def broken_rules(self) -> Iterable[BrokenRule]:
        """Yield the broken rules that span several keys. Default: none."""
        return ()

    @model_validator(mode="after")
    def _keeps_its_rules(self) -> Self:
        refuse(self.broken_rules())
        return self

    @field_validator("*", mode="before")
    @classmethod
    def _no_number_is_true(cls, value: Any, info: ValidationInfo) -> Any:
        """Refuse booleans as numbers: `true` would count as 1."""
        if is_written(info) and _is_number(cls, info.field_name or ""):
            refuse(BrokenRule("must be a number", *place) for place in _booleans(value))
        return value


class Named(Protocol):
    @property
    def name(self) -> str: ...


M = TypeVar("M", bound=BaseModel)
N = TypeVar("N", bound=Named)
T = TypeVar("T")


def unique(items: tuple[N, ...], what: str) -> tuple[N, ...]:
    """Return the items. Raises BrokenRules for each name that a former item has."""
    names = [item.name for item in items]
    refuse(
        BrokenRule(f"duplicate {what} name {name!r}", index, "name")
        for index, name in enumerate(names)
        if name in names[:index]
    )
    return items


def _booleans(value: Any) -> Iterator[Place]:
    """The place of the value itself, or of those in a mapping."""
    if isinstance(value, bool):
        yield ()
    elif isinstance(value, dict):
        yield from ((str(key),) for key, each in value.items() if isinstance(each, bool))


@cache
def _is_number(model: type[Model], field: str) -> bool:
    """Return True if a field accepts numbers but not booleans."""
    kinds = list(_kinds(model.model_fields[field].annotation))
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
        kind = "a list" if isinstance(document, list) else "text"
        must = "must be keys with values (key: value)"
        rule = f"is empty: {must}" if document is None else f"{must}, not {kind}"
        raise FileError(path, places.line_of(document, ()), "", rule)
    check_values(path, document)


def check_values(path: Path, document: Any) -> None:
    """Raises FileError for a document with a secret, one that contains itself, or one that is far too large."""
    try:
        refused = list(_refused(Where(path, document), document, count()))
    except RecursionError:
        raise FileError(path, None, "", "contains itself through an alias, or is nested too deeply") from None
    if refused:
        raise together(refused)


def load(path: Path, model: type[M]) -> M:
    """Read the file as a value of `model`. Raises FileError for every broken rule."""
    at = Where.read(path)
    return assumed.thorough(path, at.document, lambda document: Where(path, document).parse(model))


def written(model: type[M], value: Any) -> M:
    """Validate a person's input as `model`: times and sizes need units, and a key has one name. Raises
    ValidationError."""
    return model.model_validate(value, context=WRITTEN, by_alias=True, by_name=False)


class Mistakes:
    """Broken rules of a file and those that it names, collected so that all are reported at once."""

    def __init__(self) -> None:
        self._found: list[FileError] = []

    @contextmanager
    def noted(self) -> Iterator[None]:
        """Keep a FileError that is raised inside, which ends only what is inside."""
        try:
            yield
        except FileError as error:
            self.add(error.each)

    def add(self, errors: Iterable[FileError]) -> None:
        self._found += errors

    def refuse(self) -> None:
        """Raises FileError, if there are any."""
        if self._found:
            raise together(self._found)


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

    def broken(self, rule: str, value: object = None, hint: Hint = NO_HINT) -> FileError:
        """Return an error with this place, its line, the rule and the value."""
        line, place = places.line_of(self.document, self.place), places.shown(self.document, self.place)
        return FileError(self.path, line, place, rule, showable(value), self.place, hint)

    def unknown(self, rule: str, name: str, known: Collection[str], value: object = None) -> FileError:
        """Return an error about an unknown name: the rule, then the name that was meant, or all that are known."""
        return self.broken(f"{rule}; {near.instead(name, known)}", value, near.hint(name, known))

    def only(self, key: str, kept: Sequence[int]) -> Where:
        """Return this place in a document with only these items of a list at its top. Their lines stay."""
        return Where(self.path, places.only(self.document, key, kept), self.place)

    def each(self, rules: Iterable[wording.Rule]) -> list[FileError]:
        """Return an error for each broken rule of the value at this place."""
        return [self.under(*rule.place).broken(rule.text, rule.value, rule.hint) for rule in rules]

    def value(self) -> Any:
        """The value at this place; None if there is none."""
        return places.value_at(self.document, self.place)

    def parse(self, model: type[M], value: Any = ...) -> M:
        """Validate the value at this place, or the given one instead. Raises FileError for every broken rule."""
        given = plain(self.value() if value is ... else value)
        try:
            return written(model, given)
        except ValidationError as error:
            raise together(self.each(wording.rules(error, model, given))) from None

    def named(self, find: Callable[[], T]) -> T:
        """Call `find` with the name at this place. Its UsageError becomes an error at this place."""
        try:
            return find()
        except FileError:
            raise
        except UsageError as error:
            raise self.broken(str(error), hint=getattr(error, "hint", NO_HINT)) from None


def _refused(at: Where, node: Any, seen: Iterator[int]) -> Iterator[FileError]:
    """Yield an error for each value that looks like a secret, and each key that is no text. Raises FileError for too
    many values."""
    if next(seen) > MOST_VALUES:  # a few aliases of aliases can expand to billions
        rule = f"holds more than {MOST_VALUES} values, those of its aliases included"
        raise FileError(at.path, None, "", rule)
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in items:
        if isinstance(key, bool) or not isinstance(key, str | int | float | date):
            yield at.broken("has a key that is not text: put it in quotes")
            continue
        if value is None and _holds_secret(str(key)):
            yield at.broken(secret_places.RULE)
            continue
        here = at.under(key if isinstance(key, str | int) else str(key))
        if isinstance(value, TaggedScalar):
            yield here.broken("begins with ! or =, which YAML reserves: put it in quotes")
            continue
        if (unquoted_name := unquoted.name_of(value, at.document)) is not None:
            yield here.broken(f"must be in quotes: '{{{unquoted_name}}}'; without them, YAML reads a mapping")
            continue
        name = next((part for part in reversed(here.place) if isinstance(part, str)), "")
        if here.place[-2:-1] == ("take",):  # where a secret is in an answer, such as `token: $.token`
            name = "take"
        if is_secret(name, value):
            yield here.broken(secret_places.RULE)
        elif (by_place := secret_places.rule_at(here.place, value)) is not None:
            yield here.broken(by_place)
        yield from _refused(here, value, seen)


def _holds_secret(key: str) -> bool:
    """`password:x` and `password x`, which YAML takes for a key without a value."""
    name, *rest = re.split(r"[:\s]+", key, maxsplit=1)
    return is_secret(name, "".join(rest)) if rest else False


def plain(node: Any) -> Any:
    """Convert ruamel's containers to plain ones: pydantic repeats its input in messages."""
    if isinstance(node, dict):
        return {str(key): plain(value) for key, value in node.items()}
    if isinstance(node, list):
        return [plain(value) for value in node]
    return node
