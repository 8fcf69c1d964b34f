"""Divide documents into items: Kubernetes objects, those of `List` kinds, and services of Compose files."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from chaos.audit.item import COMPOSE, Item
from chaos.audit.node import Node
from chaos.audit.reading import File

_DEEPEST_LIST = 3


def items(file: File) -> list[Item]:
    """Return the file's items, in order of their lines. What is neither is left out."""
    found = [item for root in file.documents for item in _of_document(Node(file.path, root))]
    firsts = [_first(file.text, item) for item in found]
    lasts = [*(each - 1 for each in firsts), file.text.count("\n") + 1][1:]
    return [
        Item(item.node, item.kind, item.name, item.scope, first, max(first, last))
        for item, first, last in zip(found, firsts, lasts, strict=True)
    ]


def is_compose(root: Any) -> bool:
    return isinstance(root, dict) and isinstance(root.get("services"), dict) and "apiVersion" not in root


def _of_document(node: Node, depth: int = 0) -> Iterator[Item]:
    root = node.value
    if is_compose(root):
        for name, service in node.at("services").items():
            yield Item(service, COMPOSE, name, str(node.path), 0, 0)
        return
    kind = node.at("kind").text
    if not isinstance(root, dict) or not kind or not node.at("apiVersion").text:
        return
    if kind.endswith("List") and isinstance(root.get("items"), list) and depth < _DEEPEST_LIST:
        for each in node.at("items").each():
            if isinstance(each.value, dict):
                yield from _of_document(Node(node.path, each.value), depth + 1)
        return
    metadata = node.at("metadata")
    scope = metadata.at("namespace").text or "default"
    yield Item(node, kind, metadata.at("name").text or "(no name)", scope, 0, 0)


def _first(text: str, item: Item) -> int:
    """The line of the item, or of the comments right above it."""
    line, lines = item.node.line, text.splitlines()
    while line > 1 and line - 2 < len(lines) and lines[line - 2].lstrip().startswith("#"):
        line -= 1
    return line
