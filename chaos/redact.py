"""Keeps secrets out of everything that is written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

MASK = "«secret»"


class Redactor:
    """Replaces every known secret value in a text. Values shorter than four characters are not masked:
    they would mask half the file."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        # the longest first: one secret may be a part of another
        self._secrets = sorted({value for value in secrets if len(value) >= 4}, key=len, reverse=True)

    def __call__(self, text: str) -> str:
        for value in self._secrets:
            text = text.replace(value, MASK)
        return text

    def document(self, node: Any) -> Any:
        """The same document with every text in it redacted; numbers stay what they are."""
        if not self._secrets or node is None or isinstance(node, bool | int | float):
            return node
        if isinstance(node, Mapping):
            return {key: self.document(value) for key, value in node.items()}
        if isinstance(node, list | tuple):
            return [self.document(value) for value in node]
        return self(str(node))
