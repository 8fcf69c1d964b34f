"""The result of verifying a backup's files."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Verified:
    """The result for the backup's files: `faulty`, or `verified` by which tool, or `not verified` and why."""

    outcome: str
    by: str
    files: int | None = None
    bytes: int | None = None
    manifest_seconds: float | None = None  # for reading the backup's own manifest
