"""The path that a burst requests, if the experiment names none: one that the target's own file says it answers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from chaos.spec.target import Target

_ITEM = "{item}"
_NAME = re.compile(r"[{}]")


def fitted(given: bool, target: Target) -> Mapping[str, tuple[Any, str]]:
    """Return `burst_path` and the reason; nothing if it is given, or if the file names no path."""
    if given:
        return {}
    if "ready" in target.model_fields_set:
        return {"burst_path": (target.ready, "the `ready` of the target")}
    for name, route in target.routes.items():
        path = route.path.replace(_ITEM, "1")
        if route.played_as == "read" and route.method == "GET" and not _NAME.search(path):
            return {"burst_path": (path, f"the target's route {name!r}")}
    return {}
