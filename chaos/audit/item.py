"""One object of a manifest, or one service of a Compose file: what a finding is about and a suppression belongs to."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from chaos.audit.node import Node

COMPOSE = "service"
"""The kind of an item of a Compose file."""


@dataclass(frozen=True, slots=True)
class Item:
    """`first` and `last` are its lines, comments above it included; `scope` is its namespace or Compose file."""

    node: Node
    kind: str
    name: str
    scope: str
    first: int
    last: int

    @property
    def path(self) -> Path:
        return self.node.path

    @property
    def shown(self) -> str:
        return f"{self.kind} {self.name}"

    @property
    def is_service(self) -> bool:
        """True for a service of a Compose file."""
        return self.kind == COMPOSE
