"""The index of runs as the pages read it: opened once, in step with the journals to within seconds."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import SQLAlchemyError

from chaos.history.entry import Entry
from chaos.history.index import Index, Say, open_index
from chaos.history.query import Query
from chaos.record.store import RunDir

FRESH = 2.0  # seconds for which what was read of the journals is good enough


class Memory:
    """One index for all requests; one request reads it at a time."""

    def __init__(self, say: Say) -> None:
        self._say = say
        self._lock = threading.Lock()
        self._index: Index | None = None
        self._read = 0.0

    @contextmanager
    def reading(self) -> Iterator[Index]:
        """Give the index, with the runs of the last `FRESH` seconds. Raises UsageError for an unusable database."""
        with self._lock:
            yield self._refreshed()

    def _refreshed(self) -> Index:
        now = time.monotonic()
        if self._index is not None and now - self._read < FRESH:
            return self._index
        if self._index is not None:
            try:
                self._index.refresh()
            except (SQLAlchemyError, OSError):  # moved, deleted or corrupt: opening it again repairs that
                self._index.close()
                self._index = None
        if self._index is None:
            self._index = open_index(self._say)
        self._read = time.monotonic()
        return self._index

    def run(self, run: str) -> tuple[Entry, RunDir | None] | None:
        """Return the run of exactly this id and, if its journal is here, its directory; None if there is none."""
        with self.reading() as index:
            found = [each for each in index.find(Query(run=run)) if each.run == run]
            if not found:
                return None
            here = [each for each in found if index.is_here(each)]
            return (here[-1], RunDir(here[-1].path)) if here else (found[-1], None)
