"""An inventory as stored: things by kind and name, and what could not be read."""

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
"""The fields of each thing, by name. A field whose name begins with `~` is noted and never compared."""

ID = "~id"
"""Identity of a thing that others may replace by one of the same name."""

Source = Mapping[str, Any]
"""Where one kind is read from: JSON that suffices in another process. `kind` is one of KINDS."""


@dataclass(frozen=True, slots=True)
class Inventory:
    """`unread`: the reason by kind and place; `sources`: where to take it from again."""

    things: Mapping[str, Things] = field(default_factory=dict)
    unread: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    sources: tuple[Source, ...] = ()

    def of(self, kind: str) -> Things:
        return self.things.get(kind, {})

    def __len__(self) -> int:
        return sum(len(things) for things in self.things.values())


def save(inventory: Inventory, path: Path) -> None:
    """Write it atomically. Raises OSError."""
    unfinished = path.with_suffix(".part")
    unfinished.write_text(json.dumps({"version": VERSION, **asdict(inventory)}, indent=1))
    unfinished.replace(path)


def load(path: Path) -> Inventory | None:
    """Load the stored inventory; None if there is none. Raises ValueError for a damaged file."""
    if not path.exists():
        return None
    try:
        told = json.loads(path.read_text())
        if told["version"] != VERSION:
            raise ValueError(f"version {told['version']}, this midnight reads {VERSION}")
        return Inventory(told["things"], told["unread"], tuple(told["sources"]))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"cannot read {path.name}: {error}") from error
