"""Answers kept in memory."""

from __future__ import annotations

import time

from . import metrics


class AnswerCache:
    """Keeps answers for `ttl` seconds; with no ttl it keeps them for ever, and grows."""

    def __init__(self, ttl: float | None) -> None:
        self._ttl = ttl
        self._answers: dict[str, tuple[str, float]] = {}

    def get(self, prompt: str) -> str | None:
        """The answer given to this very prompt, if it is still kept."""
        self._expire()
        kept = self._answers.get(prompt)
        return None if kept is None else kept[0]

    def put(self, prompt: str, answer: str) -> None:
        """Keep the answer; the age of a known prompt starts anew."""
        self._answers.pop(prompt, None)
        self._answers[prompt] = (answer, time.monotonic())
        metrics.CACHE_ENTRIES.set(len(self._answers))

    def _expire(self) -> None:
        if self._ttl is None:
            return
        oldest_allowed = time.monotonic() - self._ttl
        # A dict keeps the order of insertion, so the old ones come first.
        while self._answers:
            prompt = next(iter(self._answers))
            if self._answers[prompt][1] >= oldest_allowed:
                break
            del self._answers[prompt]
        metrics.CACHE_ENTRIES.set(len(self._answers))
