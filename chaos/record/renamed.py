"""Old names and their new ones: refused where a person writes them, translated where a stored run is read.

The rest of the program knows the new names only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from chaos.errors import UsageError

KEYS = {"promise": "budget", "honesty": "instrument"}
"""Keys of an experiment's file."""

PHASES = {"restored": "undone", "restore failed": "undo failed"}
"""Phases of the events of a journal."""

COMMANDS = {"restore": "undo"}


def experiment_as_named_today(stored: Mapping[str, Any]) -> dict[str, Any]:
    """The experiment of a `run.json`, which may be older than its new names."""
    return {KEYS.get(key, key): value for key, value in stored.items()}


def refuse_old_words(argv: Sequence[str]) -> None:
    """Raises UsageError for an old command, with its new name."""
    command = argv[0] if argv else ""
    if new := COMMANDS.get(command):
        raise UsageError(f"`midnight {command}` is now called `midnight {new}`")
