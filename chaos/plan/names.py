"""Names defined in a run's files: never secret, even if a database user has the same name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from chaos.plan.planned import Plan

_NAME = re.compile(r"[A-Za-z0-9_.-]{1,60}")


def names(plan: Plan) -> frozenset[str]:
    """Return the keys of experiment and target, and the values that look like names."""
    given = (plan.experiment.model_dump(mode="json"), plan.target.model_dump(mode="json"))
    return frozenset(name for document in given for name in names_in(document))


def names_in(node: Any) -> Iterator[str]:
    """Yield the keys of a document, and the values that look like names."""
    if isinstance(node, dict):
        for key, value in node.items():
            yield str(key)
            yield from names_in(value)
    elif isinstance(node, list):
        for value in node:
            yield from names_in(value)
    elif isinstance(node, str) and _NAME.fullmatch(node):
        yield node
