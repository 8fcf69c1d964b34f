"""A sample of the bad answers: one of each kind by route, with why it is bad and the beginning of its body.

The loop counts and compares; texts are made in the recorder's thread. How many there were of each kind is in the table
of hits.
"""

from __future__ import annotations

import json
import threading
from collections import deque
from pathlib import Path

from chaos.load.answers import media_type
from chaos.load.body_text import MOST_READ, line
from chaos.load.failures import reason_of
from chaos.record import journal
from chaos.record.hits import Outcome
from chaos.record.redact import Redactor

LOOKED = 20
"""So many answers of one route, outcome and status are compared: later ones are hardly of another kind."""
MOST_KINDS = 5
"""So many different reasons are kept of those."""
_LONGEST_REASON = 160

Kind = tuple[int, Outcome, int]  # code of the route, outcome, status


class BadAnswers:
    """Appends lines to a file: `{"at", "route", "outcome", "status", "reason", "type", "length", "sample"}`.

    `at` is on the run clock, `route` a route's code, `outcome` its name, `length` in bytes. A file that a former
    process of the same run has begun is continued.
    """

    def __init__(self, path: Path, redact: Redactor) -> None:
        self._file = path.open("a", encoding="utf-8")
        if not self._file.tell():
            self._file.write(json.dumps({"version": journal.VERSION}) + "\n")
        self._redact = redact
        self._looked: dict[Kind, int] = {}
        self._reasons: dict[Kind, set[str]] = {}
        self._waiting: deque[tuple[float, Kind, str, bytes, int, bytes]] = deque()
        self._writing = threading.Lock()

    def see(
        self, kind: Kind, at: float, why: str | Exception | None, media: bytes = b"", body: bytes = b""
    ) -> None:
        """Note a bad answer, received `at` this time of the run clock, and why it is bad, if that is known."""
        looked = self._looked.get(kind, 0)
        if looked >= LOOKED:
            return
        self._looked[kind] = looked + 1
        reason = reason_of(why) if isinstance(why, Exception) else why or ""
        known = self._reasons.setdefault(kind, set())
        if reason in known or len(known) >= MOST_KINDS:
            return
        known.add(reason)
        self._waiting.append((at, kind, reason, media, len(body), body[:MOST_READ]))

    def flush(self) -> None:
        """Write what is new."""
        with self._writing:
            while self._waiting:
                self._write(*self._waiting.popleft())
            self._file.flush()

    def _write(self, at: float, kind: Kind, reason: str, media: bytes, length: int, body: bytes) -> None:
        code, outcome, status = kind
        document = {
            "at": at,
            "route": code,
            "outcome": outcome.name.lower(),
            "status": status,
            "reason": line(b"", reason.encode(), self._redact)[:_LONGEST_REASON],
            "type": self._redact(media_type(media)),
            "length": length,
            "sample": line(media, body, self._redact),
        }
        self._file.write(json.dumps(document, separators=(",", ":")) + "\n")
