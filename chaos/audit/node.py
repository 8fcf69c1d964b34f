"""A place in a document: its value as the type that a rule expects, and its line."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chaos.spec import places
from chaos.spec.broken import Place


@dataclass(frozen=True, slots=True)
class Node:
    """A manifest may hold anything anywhere: a value of another type than expected counts as missing."""

    path: Path
    root: Any
    place: Place = ()

    def at(self, *keys: int | str) -> Node:
        return Node(self.path, self.root, (*self.place, *keys))

    @property
    def value(self) -> Any:
        return places.value_at(self.root, self.place)

    @property
    def line(self) -> int:
        """The line (from 1) of the deepest part that exists."""
        return places.line_of(self.root, self.place)

    @property
    def exists(self) -> bool:
        return self.value is not None

    @property
    def text(self) -> str:
        """The text of a scalar, `8080` and `true` included; else empty."""
        value = self.value
        if isinstance(value, bool):
            return str(value).lower()
        return str(value) if isinstance(value, str | int | float) and not _is_huge(value) else ""

    @property
    def number(self) -> float | None:
        """A finite number, also if it is quoted."""
        return as_number(self.value)

    @property
    def is_true(self) -> bool:
        return self.value is True

    def each(self) -> Iterator[Node]:
        """The entries of a list."""
        value = self.value
        for index in range(len(value) if isinstance(value, list) else 0):
            yield self.at(index)

    def items(self) -> Iterator[tuple[str, Node]]:
        """The entries of a mapping whose keys are text."""
        value = self.value
        for key in list(value) if isinstance(value, dict) else ():
            if isinstance(key, str):
                yield key, self.at(key)

    def words(self) -> list[str]:
        """A command: a list of words, or one line."""
        value = self.value
        if isinstance(value, str):
            return value.split()
        return [word for each in self.each() for word in each.text.split()]


def as_number(value: object) -> float | None:
    """Return a finite number, also from its text; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _is_huge(value: object) -> bool:
    """An integer with more digits than Python converts to text."""
    return isinstance(value, int) and value.bit_length() > 1000
