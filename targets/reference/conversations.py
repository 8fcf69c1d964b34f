"""Conversations with the model, kept in the worker's memory.

Another worker starts the same conversation anew; that is what keeping it in memory is worth.
"""

from __future__ import annotations

import time

from . import metrics

KEPT_CHARACTERS = 2000


class Conversations:
    """Keeps what was said for `ttl` seconds after the last word; with no ttl it keeps all, and grows."""

    def __init__(self, ttl: float | None) -> None:
        self._ttl = ttl
        self._kept: dict[str, tuple[str, float]] = {}

    def said(self, conversation: str) -> str:
        """What was said so far; nothing, if it is new or forgotten."""
        self._forget()
        return self._kept.get(conversation, ("", 0.0))[0]

    def add(self, conversation: str, words: str) -> None:
        """Add to what was said; only the latest part is kept."""
        before, _ = self._kept.pop(conversation, ("", 0.0))
        self._kept[conversation] = ((before + words)[-KEPT_CHARACTERS:], time.monotonic())
        metrics.CACHE_ENTRIES.set(len(self._kept))

    def _forget(self) -> None:
        if self._ttl is None:
            return
        oldest_allowed = time.monotonic() - self._ttl
        # A dict keeps the order of insertion, and `add` inserts anew, so the old ones come first.
        while self._kept:
            conversation = next(iter(self._kept))
            if self._kept[conversation][1] >= oldest_allowed:
                break
            del self._kept[conversation]
        metrics.CACHE_ENTRIES.set(len(self._kept))
