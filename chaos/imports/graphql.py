"""GraphQL: requests to one path that do different things, told apart by the name of their operation."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_NAMED = re.compile(r"\s*(?:#[^\n]*\n\s*)*(?:query|mutation|subscription)\s+(\w+)\s*[({@]")


def operation(query: object, document: object) -> str:
    """The operation that query parameters or a JSON body name, as a target file has them; empty for none."""
    if isinstance(document, list):
        return "-".join(filter(None, map(_name, document[:10])))
    return _name(document) or _name(query)


def _name(given: Any) -> str:
    if not isinstance(given, Mapping):
        return ""
    name, text = given.get("operationName"), given.get("query")
    if isinstance(name, str) and name and text is None and not {"variables", "extensions"} & set(given):
        return ""
    if isinstance(name, str) and name:
        return name
    found = _NAMED.match(text) if isinstance(text, str) else None
    return found[1] if found else ""
