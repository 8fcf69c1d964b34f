"""How Kubernetes expands `$(NAME)` in command lines and in values of variables."""

from __future__ import annotations

import re
from collections.abc import Mapping

_REFERENCE = re.compile(r"\$\$|\$\(([\w.-]+)\)")


def expanded(text: str, values: Mapping[str, str]) -> str:
    """Expand the references; one to an unknown variable stays as it is, and `$$` is one `$`."""
    return _REFERENCE.sub(lambda found: values.get(found[1], found[0]) if found[1] else "$", text)
