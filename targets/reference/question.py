"""A question to the model, as the rest of the application sees it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Question:
    """A question about a document, in a conversation, from a request."""

    conversation: str
    document: int
    prompt: str
    environ: dict[str, Any]
