"""Suppressions: `midnight-audit: ignore=RULE reason`, an annotation or a comment of the object."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from chaos.audit.item import Item
from chaos.audit.node import Node
from chaos.audit.reading import File

NAME = "midnight-audit"
_WRITTEN = re.compile(r"\s*ignore=([\w,-]+)[ \t]*([^\r\n]*)")
_COMMENT = re.compile(rf"#\s*{NAME}:(.*)")


@dataclass(frozen=True, slots=True)
class Suppression:
    """`rules` is empty if it cannot be read."""

    item: Item
    line: int
    rules: tuple[str, ...]
    reason: str

    def covers(self, item: Item, rule: str) -> bool:
        return bool(self.reason) and rule in self.rules and self.item is item


def suppressions(file: File, items: Sequence[Item]) -> Iterator[Suppression]:
    """The suppressions of a file. A comment above the first service of a Compose file holds for all of them."""
    for item in items:
        if not item.is_service:
            annotation = item.node.at("metadata", "annotations", NAME)
            if annotation.exists:
                yield from _parsed(item, annotation, annotation.text)
    for line, text in enumerate(file.text.splitlines(), 1):
        if found := _COMMENT.search(text):
            for item in _owners(line, items):
                yield from _parsed(item, line, found[1])


def _owners(line: int, items: Sequence[Item]) -> list[Item]:
    if items and items[0].is_service and line < items[0].first:
        return list(items)
    own = [item for item in items if item.first <= line <= item.last]
    return own or list(items[:1])


def _parsed(item: Item, at: Node | int, text: str) -> Iterator[Suppression]:
    line = at if isinstance(at, int) else at.line
    for part in re.split(r";\s*(?=ignore=)", text):
        found = _WRITTEN.fullmatch(part)
        rules = tuple(filter(None, found[1].split(","))) if found else ()
        yield Suppression(item, line, rules, found[2].strip() if found else "")
