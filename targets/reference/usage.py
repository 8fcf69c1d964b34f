"""The usage total: requests and the nightly job add to one row, and whether they lose updates depends on the profile.

`usage_counted` keeps each update under its own id, in the same transaction as the total: so what the total should be is
known exactly, and an update that is repeated after a failure counts once.
"""

from __future__ import annotations

import queue
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from sqlalchemy import Connection

from .database import Database

Update = Literal["read_then_write", "atomic"]
Execute = Callable[[str, Mapping[str, Any]], Any]
"""Runs one statement; returns the first column of its first row, None without rows."""
Transact = Callable[[Callable[[Execute], Any]], Any]
"""Runs work in one transaction, again after a transient failure."""

SWITCH_SECONDS = 0.002  # real code converts the entry between reading and writing, and others run meanwhile
WAIT_SECONDS = 60.0  # a request waits for its update; longer than any client does

_COUNTED = """INSERT INTO usage_counted (id, source, n) VALUES (%(id)s, %(source)s, %(n)s)
    ON CONFLICT (id) DO NOTHING RETURNING n"""
READ = "SELECT n FROM usage_totals WHERE name = 'all'"
WRITE = f"WITH counted AS ({_COUNTED}) UPDATE usage_totals SET n = %(total)s WHERE name = 'all'"
ADD = f"""WITH counted AS ({_COUNTED})
    UPDATE usage_totals SET n = usage_totals.n + counted.n FROM counted WHERE name = 'all'"""
COUNTED = "SELECT coalesce(sum(n), 0)::bigint FROM usage_counted"


def count(transact: Transact, update: Update, source: str, n: int = 1) -> None:
    """Add `n` to the total. `read_then_write` takes no lock: what others add in between is lost."""
    entry = {"id": uuid.uuid4().hex, "source": source, "n": n}
    if update == "atomic":
        transact(lambda execute: execute(ADD, entry))
        return
    total = transact(lambda execute: execute(READ, {}))
    time.sleep(SWITCH_SECONDS)
    transact(lambda execute: execute(WRITE, {**entry, "total": total + n}))


def state(transact: Transact) -> dict[str, int]:
    """The total, what it should be, and the difference: lost updates."""
    counted, total = transact(lambda execute: (execute(COUNTED, {}), execute(READ, {})))
    return {"total": total, "counted": counted, "lost": counted - total}


@dataclass
class _Waiting:
    """One request's update."""

    done: threading.Event = field(default_factory=threading.Event)
    error: BaseException | None = None


class UsageThread:
    """A worker's background thread: it adds what requests have reported since the last update, in one update.

    It starts with the first request: one that is started before gunicorn forks would not exist in the worker.
    """

    def __init__(self, database: Database, update: Update) -> None:
        self._transact = over(database)
        self._update = update
        self._reported: queue.Queue[_Waiting] = queue.Queue()
        self._lock = threading.Lock()
        self._started = False

    def report(self) -> None:
        """Count one request; returns when it is in the total. Raises what the update raised, or TimeoutError."""
        with self._lock:
            if not self._started:
                threading.Thread(target=self._work, name="usage", daemon=True).start()
                self._started = True
        mine = _Waiting()
        self._reported.put(mine)
        if not mine.done.wait(WAIT_SECONDS):
            raise TimeoutError("the usage total was not updated in time")
        if mine.error is not None:
            raise mine.error

    def state(self) -> dict[str, int]:
        return state(self._transact)

    def _work(self) -> None:
        while True:
            some = [self._reported.get()]
            while not self._reported.empty():
                some.append(self._reported.get())
            error: BaseException | None = None
            try:
                count(self._transact, self._update, "requests", len(some))
            except Exception as raised:  # the requests that wait for it report it
                error = raised
            for each in some:
                each.error = error
                each.done.set()


def over(database: Database) -> Transact:
    """Transactions of the API's pool."""

    def transact(work: Callable[[Execute], Any]) -> Any:
        return database.run(lambda connection: work(_execute(connection)))

    return transact


def _execute(connection: Connection) -> Execute:
    def execute(statement: str, values: Mapping[str, Any]) -> Any:
        found = connection.exec_driver_sql(statement, dict(values))
        return found.scalar() if found.returns_rows else None

    return execute
