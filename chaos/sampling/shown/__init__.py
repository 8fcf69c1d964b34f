"""What a place shows that has gauges: a page in Prometheus' text format, a JSON document, the answer to a query."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Protocol

from chaos.errors import MidnightError
from chaos.spec.formulas import Selector, Shown


class Unreadable(MidnightError):
    """The place does not answer, or not with what it should; the message says why."""


class Document(Protocol):
    """One answer."""

    def find(self, selector: Selector) -> Shown:
        """The values that a selector matches, with their labels."""
        ...

    def names(self) -> list[str]:
        """What could have been named instead."""
        ...

    def why_not(self, selector: Selector, *, counts: bool) -> str:
        """Why this selector cannot be read as a gauge, or a counter if it `counts`; empty if it can."""
        ...


class Reader(Protocol):
    """A place that is asked again and again."""

    def read(self) -> Document:
        """What it shows now. Raises Unreadable."""
        ...

    def close(self) -> None: ...


def missing(name: str, known: list[str]) -> str:
    """A name that is not shown, and what may have been meant."""
    near = get_close_matches(name, known, 3, 0.5)
    if near:
        return f"nothing there is called {name}; did you mean {' or '.join(near)}?"
    return f"nothing there is called {name}; it shows {', '.join(known[:20]) or 'nothing'}"
