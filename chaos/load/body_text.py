"""The body of an answer as one harmless line: of an HTML page its title, of anything binary only that it is."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from contextlib import suppress
from html.parser import HTMLParser

from chaos.record import secret_forms

MOST_READ = 4096
"""Bytes of a body that are looked at."""
MOST_SHOWN = 300
"""Characters of the line."""
_CUT = "..."
_MOST_ODD = 0.1  # share of characters that are no text: beyond it, a body is binary
_HIDDEN = frozenset({"script", "style", "svg", "template", "noscript"})
_HEADINGS = frozenset({"title", "h1"})
_PAGE = re.compile(r"\s*(?:<!doctype html|<html|<head|<body)", re.I)


def line(kind: bytes, body: bytes, redact: Callable[[str], str]) -> str:
    """Return at most `MOST_SHOWN` printable characters of a body of that type, with secrets masked. `body` may be its
    first bytes only; empty if there is none."""
    body, media = body[:MOST_READ], kind.partition(b";")[0].strip().lower()
    if not body:
        return ""
    text = body.decode("utf-8", errors="replace")
    if _is_binary(text):
        return "binary"
    text = secret_forms.mask(redact(text))
    if media == b"text/html" or _PAGE.match(text):
        text = f"HTML page: {_heading(text) or 'without text'}"
    text = "".join(map(_harmless, " ".join(text.split())))
    return text if len(text) <= MOST_SHOWN else text[: MOST_SHOWN - len(_CUT)] + _CUT


def _is_binary(text: str) -> bool:
    odd = sum(each == "\ufffd" or (each < " " and each not in "\t\n\r\f\x1b") for each in text)
    return "\0" in text or odd > len(text) * _MOST_ODD


def _harmless(character: str) -> str:
    """Escape what moves a cursor, changes colours or turns the direction of text."""
    if character == " " or unicodedata.category(character)[0] not in "CZ":
        return character
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


class _Reader(HTMLParser):
    """Collects the text of the title and the first heading, and the first line of any other text."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: dict[str, str] = {}
        self._open: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        del attrs
        if tag in _HIDDEN or tag in _HEADINGS:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in self._open:
            del self._open[self._open.index(tag) :]

    def handle_data(self, data: str) -> None:
        text, inside = data.strip(), self._open[-1] if self._open else ""
        if text and inside not in _HIDDEN:
            self.found.setdefault(inside, text.splitlines()[0])


def _heading(page: str) -> str:
    reader = _Reader()
    with suppress(AssertionError):  # of a declaration that is none
        reader.feed(page)
        reader.close()
    return next((reader.found[each] for each in ("title", "h1", "") if each in reader.found), "")
