"""An inventory as it is stored: things by kind and name, and what could not be read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

VERSION = 1

FILES, PROXIES, CONTAINERS, SERVERS, PROCESSES = KINDS = (
    "files",
    "proxies",
    "containers",
    "servers",
    "processes",
)

Fields = Mapping[str, Any]
Things = Mapping[str, Fields]
"""The fields of each thing, by its name. A field whose name begins with `~` is noted and never compared."""

ID = "~id"
"""Of a thing that somebody else may replace by another of the same name."""

Source = Mapping[str, Any]
"""Where one kind is read from: JSON that is enough by itself, in another process. `kind` is one of KINDS."""


@dataclass(frozen=True, slots=True)
class Inventory:
    """`unread`: by kind and place, why that could not be read; `sources`: where it is taken from again."""

    things: Mapping[str, Things] = field(default_factory=dict)
    unread: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    sources: tuple[Source, ...] = ()

    def of(self, kind: str) -> Things:
        return self.things.get(kind, {})

    def __len__(self) -> int:
        return sum(len(things) for things in self.things.values())


def save(inventory: Inventory, path: Path) -> None:
    """Write it whole or not at all. Raises OSError."""
    unfinished = path.with_suffix(".part")
    unfinished.write_text(json.dumps({"version": VERSION, **asdict(inventory)}, indent=1))
    unfinished.replace(path)


def load(path: Path) -> Inventory | None:
    """The stored inventory; None where there is none. Raises ValueError for a file that is damaged."""
    if not path.exists():
        return None
    try:
        told = json.loads(path.read_text())
        if told["version"] != VERSION:
            raise ValueError(f"version {told['version']}, this program reads {VERSION}")
        return Inventory(told["things"], told["unread"], tuple(told["sources"]))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{path.name} cannot be read: {error}") from error
