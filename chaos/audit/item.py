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

    def may_see(self, other: Item) -> bool:
        """True within one namespace. An object that names none may be in any: charts name it in some objects only."""
        return self.scope == other.scope or (
            (self.is_anywhere or other.is_anywhere) and not (self.is_service or other.is_service)
        )

    @property
    def is_anywhere(self) -> bool:
        """True for an object of Kubernetes that names no namespace."""
        return not self.is_service and not self.node.at("metadata", "namespace").text

    @property
    def is_service(self) -> bool:
        """True for a service of a Compose file."""
        return self.kind == COMPOSE
