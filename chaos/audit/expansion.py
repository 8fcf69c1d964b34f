"""How Kubernetes expands `$(NAME)` in command lines and in values of variables."""

from __future__ import annotations

import re
from collections.abc import Mapping

_REFERENCE = re.compile(r"\$\$|\$\(([\w.-]+)\)")
_LONGEST = 100_000  # characters: each variable may hold the one above it twice


def expanded(text: str, values: Mapping[str, str]) -> str:
    """Expand the references; one to an unknown variable stays as it is, and `$$` is one `$`. A text that would become
    too long stays as it is."""
    if sum(len(values.get(found[1], "")) for found in _REFERENCE.finditer(text)) > _LONGEST:
        return text
    return _REFERENCE.sub(lambda found: values.get(found[1], found[0]) if found[1] else "$", text)
