"""What was found of a backup's files."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Verified:
    """What was found of the backup's files: `faulty`, or `verified` by whom, or `not verified` and why."""

    outcome: str
    by: str
    files: int | None = None
    bytes: int | None = None
    manifest_seconds: float | None = None  # that reading the backup's own manifest took
