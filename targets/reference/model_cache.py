"""Models prepared for documents, kept in the worker's memory for the next question about the same document."""

from __future__ import annotations

import time
from collections.abc import Callable

from . import metrics

KILOBYTES = 20


class Prepared:
    """A model prepared for one document."""

    def __init__(self, document: int, kilobytes: int = KILOBYTES) -> None:
        self.document = document
        self.tokens = b"\x01" * (1000 * kilobytes)


class ModelCache:
    """Keeps `entries` models, each for `ttl` seconds: the oldest goes first."""

    def __init__(self, ttl: float, entries: int, now: Callable[[], float] = time.monotonic) -> None:
        self._ttl, self._entries, self._now = ttl, entries, now
        self._kept: dict[int, tuple[Prepared, float]] = {}

    def __len__(self) -> int:
        return len(self._kept)

    def prepared(self, document: int) -> Prepared:
        """The document's model; prepared now if there is none."""
        self._forget(self._now() - self._ttl)
        if document not in self._kept:
            if len(self._kept) == self._entries:
                self._drop_oldest()
            self._kept[document] = (Prepared(document), self._now())
            metrics.MODEL_CACHE_ENTRIES.set(len(self._kept))
        return self._kept[document][0]

    def _forget(self, made_before: float) -> None:
        # a dict keeps the order in which its entries were made
        while self._kept and next(iter(self._kept.values()))[1] < made_before:
            self._drop_oldest()

    def _drop_oldest(self) -> None:
        del self._kept[next(iter(self._kept))]
        metrics.MODEL_CACHE_ENTRIES.set(len(self._kept))
