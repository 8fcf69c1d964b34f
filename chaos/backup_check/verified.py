"""What was found of a backup's files."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Facts = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Verified:
    """What was found of the backup's files: `faulty`, or `verified` by whom, or `not verified` and why."""

    outcome: str
    by: str
    facts: Facts = field(default_factory=dict)
