"""What only the load process sees of ledger writes: keys that the service chose, and answers that promised nothing."""

from __future__ import annotations

import json
import threading
from collections import deque
from pathlib import Path
from typing import Any

from chaos.load.expectations import Answer, Bad, Expectation
from chaos.load.keys import canonical
from chaos.load.values import Row, Values
from chaos.record.hits import Outcome
from chaos.spec import jsonrecords
from chaos.spec.ledger import LedgerWrite
from chaos.spec.routes import Route

LONGEST = 1000  # characters of a key
_ABSENT = object()


class Notes:
    """Appends lines to a file: `{"seq", "key"}` for a key, `{"seq", "acknowledged": false}` for a good answer that is
    no acknowledgement. Several load processes write to it, one after the other.
    """

    def __init__(self, path: Path) -> None:
        self._file = path.open("a", encoding="utf-8")
        self._waiting: deque[dict[str, Any]] = deque()
        self._writing = threading.Lock()

    def key(self, seq: int, key: str | int) -> None:
        self._waiting.append({"seq": seq, "key": key})

    def not_acknowledged(self, seq: int) -> None:
        self._waiting.append({"seq": seq, "acknowledged": False})

    def flush(self) -> None:
        """Write what was noted."""
        with self._writing:
            while self._waiting:
                line = self._waiting.popleft()
                self._file.write(json.dumps(line, separators=(",", ":")) + "\n")
            self._file.flush()


class Promise:
    """What a good answer to a ledger write has to be beside, to promise the write."""

    def __init__(self, ways: LedgerWrite, known: Values, notes: Notes | None) -> None:
        self._key = ways.key if ways.is_chosen else None
        self._more = Expectation(ways.acknowledged, known) if ways.acknowledged is not None else None
        self._notes = notes
        self.headers = self._more.headers if self._more is not None else frozenset[bytes]()

    def broken(self, seq: int, answer: Answer, row: Row | None) -> Bad | None:
        """What is wrong with a good answer: an acknowledgement without the key that the service chose."""
        if self._more is not None and self._more.broken(answer, row) is not None:
            if self._notes is not None:
                self._notes.not_acknowledged(seq)
            return None
        if self._key is None:
            return None
        key = key_in(self._key, answer.body)
        if key is None:
            return Bad(Outcome.BAD_JSON, f"it has no key at {self._key}")
        if self._notes is not None:
            self._notes.key(seq, key)
        return None


def promise_of(route: Route, known: Values, notes: Notes | None) -> Promise | None:
    """None for a route without a ledger."""
    return None if route.ledger is None else Promise(route.ledger, known, notes)


def key_in(path: str, body: bytes) -> str | int | None:
    """The key in a write's answer; None if it has none."""
    try:
        found = jsonrecords.first(path, json.loads(body), _ABSENT)
    except (ValueError, RecursionError):
        return None
    if found is _ABSENT or canonical(found) in (None, "") or len(str(found)) > LONGEST:
        return None
    return found if isinstance(found, int | str) else canonical(found)
