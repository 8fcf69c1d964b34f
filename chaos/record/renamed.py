"""Old names and their new ones: refused in user input, translated when a stored run is read.

The rest of the program knows only the new names.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from chaos.errors import UsageError

KEYS = {"promise": "budget", "honesty": "instrument"}
"""Keys of an experiment file."""

PHASES = {"restored": "undone", "restore failed": "undo failed"}
"""Phases of the events of a journal."""

HEALED = {"restored": "undone"}
"""Keys of a healer's last event."""

COMMANDS = {"restore": "undo"}

OPTIONS = {
    "gate": {"--json": "--json-file", "--junit": "--junit-file", "--markdown": "--markdown-file"},
    "trend": {"--html": "--html-file"},
}
"""Options that write a file, by command."""

PRINTS = "--json"
"""Without a file it is not the old option: it prints."""


def experiment_as_named_today(stored: Mapping[str, Any]) -> dict[str, Any]:
    """Read the experiment of a `run.json`, translating old names."""
    return {KEYS.get(key, key): value for key, value in stored.items()}


def refuse_old_words(argv: Sequence[str]) -> None:
    """Raises UsageError for an old command or option, with its new name."""
    command, *words = [*argv, ""]
    if new := COMMANDS.get(command):
        raise UsageError(f"`midnight {command}` is now called `midnight {new}`")
    for word, following in pairwise(words):
        option, equals, _ = word.partition("=")
        new = OPTIONS.get(command, {}).get(option)
        if new and (option != PRINTS or equals or following.endswith(".json")):
            raise UsageError(f"`midnight {command} {option} FILE` is now called `{new} FILE`")
