"""Text with names in braces, such as `/items/{uuid}`: what is a name in it, and what stays as it is.

`{word}` is a name. `{{` is a brace, and so is the `}}` that closes it. All other braces stay as they are, such as
those of JSON: `{"a": {"b": {item}}}` has one name.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterator, Mapping
from datetime import date
from typing import Any, NamedTuple

from chaos.spec.broken import BrokenRule, Place
from chaos.spec.near import nearest

NAMES = ("seq", "item", "uuid", "payload", "checksum", "now")
"""Names that every request has. `{row.NAME}` and what `session` took come on top."""
ROW = "row."

_TOKEN = re.compile(r"\{\{|\{(row\.[^{}]+?|[^\W\d][\w.-]*?)(:text)?\}|[{}]")


class Named(NamedTuple):
    """A name in braces; `as_text`: `{seq:text}`, which stays text where it stands alone in JSON."""

    word: str
    as_text: bool


class Brace(str):
    """A single brace that does not belong to a name: it stays as it is."""

    __slots__ = ()


Piece = str | Named


def pieces(template: str) -> list[Piece]:
    """The parts of a template in order: text as it is sent, and names."""
    found: list[Piece] = []
    for part in _scanned(template):
        if isinstance(part, str) and found and isinstance(found[-1], str):
            found[-1] += str(part)
        elif part:
            found.append(part if isinstance(part, Named) else str(part))
    return found


def names(template: str) -> Iterator[Named]:
    return (piece for piece in pieces(template) if isinstance(piece, Named))


def alone(template: str) -> Named | None:
    """The name, if the template is nothing else."""
    found = pieces(template)
    return found[0] if len(found) == 1 and isinstance(found[0], Named) else None


def escaped(text: str) -> str:
    """A template that is filled in as exactly this text."""
    found, depth = [], 0
    for character in text:
        depth += character == "{"
        doubled = character == "{" or (character == "}" and depth > 0)
        depth -= character == "}" and depth > 0
        found.append(character * 2 if doubled else character)
    return "".join(found)


def strings(node: Any, place: Place = ()) -> Iterator[tuple[Place, str]]:
    """Every text in a document, keys included, with its place."""
    if isinstance(node, str):
        yield place, node
    elif isinstance(node, Mapping):
        for key, value in node.items():
            yield place, str(key)
            yield from strings(value, (*place, str(key)))
    elif isinstance(node, list | tuple):
        for index, value in enumerate(node):
            yield from strings(value, (*place, index))


def broken(
    template: str, known: Collection[str], place: Place, *, is_path: bool = False
) -> Iterator[BrokenRule]:
    """The rules that a template breaks. In a path every brace belongs to a name, or is doubled."""
    for part in _scanned(template):
        if isinstance(part, Named):
            if part.word not in known:
                yield BrokenRule(unknown(part.word, known), *place)
        elif isinstance(part, Brace) and is_path:
            yield BrokenRule(f"{part} is not part of a name: write {part * 2} for the brace itself", *place)
            return
    if not _is_sendable(template):
        yield BrokenRule("holds half a character (a lone surrogate), which cannot be sent", *place)


def unknown(word: str, known: Collection[str]) -> str:
    """What to say about a word in braces that is no name."""
    if word.startswith(ROW) and not any(each.startswith(ROW) for each in known):
        return f"{{{word}}} needs `rows`: a CSV or JSON lines file with this column"
    meant = nearest(word, known, 0.5)
    instead = f"did you mean {{{meant}}}? If" if meant else f"known: {', '.join(known) or 'none'}; if"
    return (
        f"{{{word}}} is not a name that is filled in; {instead} it is to be sent as it is, double its braces"
    )


def not_json(node: Any, place: Place = ()) -> Iterator[BrokenRule]:
    """Values of a document that JSON does not have."""
    if isinstance(node, Mapping):
        for key, value in node.items():
            yield from not_json(value, (*place, str(key)))
    elif isinstance(node, list | tuple):
        for index, value in enumerate(node):
            yield from not_json(value, (*place, index))
    elif isinstance(node, float) and not math.isfinite(node):
        yield BrokenRule("must be a finite number: JSON has no other", *place)
    elif not isinstance(node, str | int | float | date | None):
        yield BrokenRule("is not a value that JSON has: put it in quotes", *place)


def _scanned(template: str) -> Iterator[str | Brace | Named]:
    open_ones: list[bool] = []  # of each brace that is open: whether it was doubled
    at = 0
    while (found := _TOKEN.search(template, at)) is not None:
        yield template[at : found.start()]
        token, at = found[0], found.end()
        if found[1] is not None:
            yield Named(found[1], found[2] is not None)
        elif token == "{{":
            open_ones.append(True)
            yield "{"
        elif token == "{":
            open_ones.append(False)
            yield Brace("{")
        elif open_ones and open_ones[-1] and template.startswith("}", at):
            open_ones.pop()
            at += 1
            yield "}"
        else:
            if open_ones and not open_ones[-1]:
                open_ones.pop()
            yield Brace("}")
    yield template[at:]


def _is_sendable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
