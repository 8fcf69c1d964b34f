"""A rule: an id and a pure function from everything that was read to what breaks it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from chaos.audit.item import Item
from chaos.audit.node import Node

if TYPE_CHECKING:
    from chaos.audit.estate import Estate


class Severity(StrEnum):
    """`error`: it takes the service down; `warning`: it makes a bad night worse."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"

    @property
    def rank(self) -> int:
        return list(Severity).index(self)


@dataclass(frozen=True, slots=True)
class Found:
    """A place that breaks a rule. `is_note`: what the rule could not decide, and for want of which number."""

    item: Item
    node: Node
    because: str
    is_note: bool = False
    line: int | None = None  # of a comment, which has no node


@dataclass(frozen=True, slots=True)
class Rule:
    """`what` it looks for; `why` that hurts; `fix`: what to type; `like`: the same check in kube-linter or
    kube-score."""

    id: str
    severity: Severity
    what: str
    why: str
    fix: str
    check: Callable[[Estate], Iterator[Found]]
    like: str = ""
