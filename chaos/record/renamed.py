"""Old names and their new ones: refused where a person writes them, translated where a stored run is read.

The rest of the program knows the new names only.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

KEYS = {"promise": "budget", "honesty": "instrument"}
"""Keys of an experiment's file."""


def experiment_as_named_today(stored: Mapping[str, Any]) -> dict[str, Any]:
    """The experiment of a `run.json`, which may be older than its new names."""
    return {KEYS.get(key, key): value for key, value in stored.items()}
