"""Keeps secrets out of everything that is written."""

from __future__ import annotations

from collections.abc import Iterable

MASK = "«secret»"


class Redactor:
    """Replaces every known secret value in a text. Values shorter than four characters are not masked:
    they would mask half the file."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._secrets = sorted({value for value in secrets if len(value) >= 4}, key=len, reverse=True)

    def __call__(self, text: str) -> str:
        for value in self._secrets:
            text = text.replace(value, MASK)
        return text
