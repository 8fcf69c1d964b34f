"""Keeps secrets out of everything that is written."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping
from typing import Any, BinaryIO

MASK = "«secret»"
SHORTEST = 4  # characters: what is shorter would mask half the file


class Redactor:
    """Replaces every known secret value in a text. Values shorter than `SHORTEST` are not masked."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        # the longest first: one secret may be a part of another
        self._secrets = sorted({value for value in secrets if len(value) >= SHORTEST}, key=len, reverse=True)

    def __call__(self, text: str) -> str:
        for value in self._secrets:
            text = text.replace(value, MASK)
        return text

    def document(self, node: Any) -> Any:
        """The same document with every text in it redacted; numbers stay what they are."""
        if not self._secrets or node is None or isinstance(node, bool | int | float):
            return node
        if isinstance(node, Mapping):
            return {self(str(key)): self.document(value) for key, value in node.items()}
        if isinstance(node, list | tuple):
            return [self.document(value) for value in node]
        return self(str(node))


class DiscreetStream(io.TextIOWrapper):
    """A text stream that redacts what is written to it, each piece by itself, and writes it at once."""

    def __init__(self, stream: BinaryIO, redact: Redactor) -> None:
        super().__init__(stream, encoding="utf-8", errors="backslashreplace", write_through=True)
        self._redact = redact

    def write(self, text: str) -> int:
        return super().write(self._redact(text))
