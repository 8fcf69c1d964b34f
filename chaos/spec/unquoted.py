"""Names in braces without quotes: YAML reads `{uuid}` as a mapping, and null would be sent."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from chaos.spec import templates

_AS_TEXT = ":text"


def name_of(node: Any, document: Any) -> str | None:
    """The name, if the node is `{NAME}` with one that its document has filled in; `{NAME: null}` is meant as it is."""
    if not isinstance(node, dict) or len(node) != 1:
        return None
    name, value = next(iter(node.items()))
    if value is not None or not isinstance(name, str) or not _is_alone(node, name):
        return None
    word = name.removesuffix(_AS_TEXT)
    is_known = word in templates.NAMES or word.startswith(templates.ROW) or word in _taken(document)
    return name if is_known else None


def _is_alone(node: Any, name: str) -> bool:
    """True if no colon and no quote follows the name: the mark of its empty value is where the name ends."""
    try:
        line, column, value_line, value_column = node.lc.data[name]
    except (AttributeError, KeyError, TypeError):
        return False
    return bool(line == value_line and value_column - column == len(name))


def _taken(document: Any) -> Collection[str]:
    """The names that the session takes, as far as the document has the form of a target's."""
    calls = document.get("session") if isinstance(document, Mapping) else None
    takes = (
        [call.get("take") for call in calls if isinstance(call, Mapping)] if isinstance(calls, list) else []
    )
    return {str(name) for take in takes if isinstance(take, Mapping) for name in take}
