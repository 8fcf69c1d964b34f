"""One error in a log."""

from __future__ import annotations

from dataclasses import dataclass

from chaos.log_errors.stack import Stack

LOG = "log"
"""The language of an entry that has a level and no stack."""
POSTGRESQL = "postgresql"
LONGEST_TEXT = 8000
"""Characters of the text that is kept of a stack."""


@dataclass(frozen=True, slots=True)
class Found:
    """`at`: seconds since the epoch, None if the log does not say. `text`: the lines of the stack, or the entry."""

    stack: Stack
    at: float | None
    text: str
