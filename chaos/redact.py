"""Keeps secrets out of everything that is written."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Mapping
from typing import Any, BinaryIO

MASK = "«secret»"
SHORTEST = 4  # characters: what is shorter would mask half the file


class Redactor:
    """Replaces every known secret in a text, in whatever way it is quoted there, and however often that was
    quoted again. Secrets shorter than `SHORTEST` are not masked."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        # the longest first: one secret may be a part of another
        known = sorted({value for value in secrets if len(value) >= SHORTEST}, key=len, reverse=True)
        self._secrets = re.compile("|".join(_quoted(secret) for secret in known)) if known else None

    def __call__(self, text: str) -> str:
        return text if self._secrets is None else self._secrets.sub(MASK, text)

    def document(self, node: Any) -> Any:
        """The same document with every text in it redacted; numbers stay what they are."""
        if self._secrets is None or node is None or isinstance(node, bool | int | float):
            return node
        if isinstance(node, Mapping):
            return {self(str(key)): self.document(value) for key, value in node.items()}
        if isinstance(node, list | tuple):
            return [self.document(value) for value in node]
        return self(str(node))


def _quoted(secret: str) -> str:
    """A pattern of the secret as it is, and as Python, JSON and URLs write it."""
    return "".join(_quoted_character(character) for character in secret)


def _quoted_character(character: str) -> str:
    if character.isascii() and character.isalnum():
        return character
    encoded = character.encode(errors="surrogateescape")
    percent, escaped = ("".join(f"{sign}{byte:02x}" for byte in encoded) for sign in ("%", r"\\+x"))
    named = rf"\\+u{ord(character):04x}|\\+x{ord(character):02x}"
    literal = r"\\+" if character == "\\" else rf"\\*{re.escape(character)}"
    return f"(?i:{literal}|{percent}|{escaped}|{named})"


class DiscreetStream(io.TextIOWrapper):
    """A text stream that redacts what is written to it, each piece by itself, and writes it at once."""

    def __init__(self, stream: BinaryIO, redact: Redactor) -> None:
        super().__init__(stream, encoding="utf-8", errors="backslashreplace", write_through=True)
        self._redact = redact

    def write(self, text: str) -> int:
        return super().write(self._redact(text))
