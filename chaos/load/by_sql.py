"""The ledger read back with SQL, in batches of keys."""

from __future__ import annotations

import time
from collections.abc import Collection

from chaos.load.asker import PAUSE, TRIES, Unread, Unreadable
from chaos.load.databases import Connected, Passing, Refusing, connect
from chaos.load.keys import canonical, text_of
from chaos.load.ledger import Held
from chaos.load.sources import Found, Keys

BATCH = 500  # keys of one statement
WITHIN = 10.0  # seconds of one statement


class BySql:
    """`read: {sql: SELECT}`: the first column is the key; a second one is compared. Nothing can be changed by it: each
    statement has a read-only transaction of its own, and a time limit.
    """

    whole = False
    blind = "SQL by key sees no record that was never to be written"

    def __init__(self, keys: Keys, dsn: str, deadline: float) -> None:
        self._keys, self._dsn, self._deadline = keys, dsn, deadline
        self._statement = keys.ledger.read.sql or ""
        self._connected: Connected | None = None
        self._columns = 1

    @property
    def compared(self) -> bool:
        return self._columns > 1

    def read(self, keys: Collection[str]) -> Found:
        """Raises Unread."""
        wanted, found = sorted(keys), dict[str, list[Held]]()
        for first in range(0, len(wanted), BATCH):
            some = wanted[first : first + BATCH]
            asked = set(some)
            for row in self._rows([self._keys.as_sent(key) for key in some]):
                self._columns = len(row)
                key = canonical(row[0])
                if key in asked:  # a collation may find more than was asked for
                    found.setdefault(key, []).append(text_of(row[1]) if len(row) > 1 else None)
        return found

    def probe(self) -> None:
        """Ask for no key: whether the database answers such a statement at all. Raises Unread."""
        self._rows([])

    def close(self) -> None:
        if self._connected is not None:
            self._connected.close()
            self._connected = None

    def _rows(self, keys: list[str]) -> list[tuple[object, ...]]:
        """Repeated where that can help. Raises Unread."""
        because = "the database is slow"
        for _ in range(TRIES):
            left = self._deadline - time.monotonic()
            if left <= 0:
                raise Unread(f"time ran out at {self._statement!r}: {because}")
            try:
                if self._connected is None:
                    self._connected = connect(self._dsn, WITHIN)
                return self._connected.rows(self._statement, keys)
            except Passing as error:
                because = str(error)
                self.close()
            except Refusing as error:
                self.close()
                raise Unreadable(f"{self._statement!r} failed: {error}") from None
            time.sleep(PAUSE)
        raise Unread(f"{self._statement!r} failed {TRIES} times: {because}")
