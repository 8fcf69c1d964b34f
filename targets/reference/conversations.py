"""Conversations with the model, kept in the worker's memory.

Another worker starts the same conversation from scratch; that is the price of keeping it in memory.
"""

from __future__ import annotations

import time

from . import metrics

KEPT_CHARACTERS = 2000


class Conversations:
    """Keeps a conversation for `ttl` seconds after its last message, and the `most` recent; None: all, and grows."""

    def __init__(self, ttl: float | None, most: int | None = None) -> None:
        self._ttl, self._most = ttl, most
        self._kept: dict[str, tuple[str, float]] = {}

    def said(self, conversation: str) -> str:
        """The conversation so far; empty if new or forgotten."""
        self._forget()
        return self._kept.get(conversation, ("", 0.0))[0]

    def add(self, conversation: str, words: str) -> None:
        """Append to the conversation; only the latest part is kept."""
        before, _ = self._kept.pop(conversation, ("", 0.0))
        self._kept[conversation] = ((before + words)[-KEPT_CHARACTERS:], time.monotonic())
        while self._most is not None and len(self._kept) > self._most:
            del self._kept[next(iter(self._kept))]
        metrics.CACHE_ENTRIES.set(len(self._kept))

    def _forget(self) -> None:
        if self._ttl is None:
            return
        oldest_allowed = time.monotonic() - self._ttl
        # A dict keeps insertion order, and `add` re-inserts, so the oldest come first.
        while self._kept:
            conversation = next(iter(self._kept))
            if self._kept[conversation][1] >= oldest_allowed:
                break
            del self._kept[conversation]
        metrics.CACHE_ENTRIES.set(len(self._kept))
