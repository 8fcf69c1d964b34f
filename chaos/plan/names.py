"""The names that a run's files give: none of them is secret, although a user of the database may have it, too."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from chaos.plan.planned import Plan

_NAME = re.compile(r"[A-Za-z0-9_.-]{1,60}")


def names(plan: Plan) -> frozenset[str]:
    """The keys of the experiment and the target, and the values that have the form of a name."""
    given = (plan.experiment.model_dump(mode="json"), plan.target.model_dump(mode="json"))
    return frozenset(name for document in given for name in _in(document))


def _in(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        for key, value in node.items():
            yield str(key)
            yield from _in(value)
    elif isinstance(node, list):
        for value in node:
            yield from _in(value)
    elif isinstance(node, str) and _NAME.fullmatch(node):
        yield node
