"""JSON documents over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from chaos.plugin.handles import GaugeSource
from chaos.sampling.shown import Unreadable, missing
from chaos.sampling.shown.pages import client, fetched
from chaos.spec.formulas import Path, Selector, Shown

STATES = {"closed": 0.0, "half_open": 1.0, "half-open": 1.0, "open": 2.0}
"""Of a circuit breaker, in lower case."""

MOST = 200  # paths that a suggestion is chosen from


class Document:
    def __init__(self, content: Any) -> None:
        self._content = content

    def find(self, selector: Selector) -> Shown:
        assert isinstance(selector, Path)
        values = (number(each) for each in selector.find(self._content))
        return [({}, value) for value in values if value is not None]

    def names(self) -> list[str]:
        return list(islice(_paths(self._content, "$"), MOST))

    def why_not(self, selector: Selector, *, counts: bool) -> str:
        del counts
        assert isinstance(selector, Path)
        if self.find(selector):
            return ""
        if there := selector.find(self._content):
            return f"{selector.text} is not a number: {str(there[0])[:60]!r}"
        return missing(selector.text, self.names())


class DocumentReader:
    def __init__(self, source: GaugeSource) -> None:
        self._url, self._client = source.url, client(source)

    def read(self) -> Document:
        try:
            return Document(fetched(self._client, self._url).json())
        except ValueError:
            raise Unreadable(f"{self._url} is not JSON") from None

    def close(self) -> None:
        self._client.close()


def number(value: object) -> float | None:
    """A number, also one written as text; true is 1; a circuit breaker's state by its name."""
    if isinstance(value, bool | int | float):
        return float(value)
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            return STATES.get(value.lower())
    return None


def _paths(content: Any, at: str) -> Iterator[str]:
    """The paths that lead to a number."""
    if isinstance(content, dict):
        for key, value in content.items():
            yield from _paths(value, f"{at}.{key}" if str(key).isidentifier() else f"{at}[{key!r}]")
    elif isinstance(content, list):
        for index, value in enumerate(content):
            yield from _paths(value, f"{at}[{index}]")
    elif number(content) is not None:
        yield at
