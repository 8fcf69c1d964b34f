"""The usage total: what each profile loses when two add at once, and that what should be there is always known."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from targets.reference import usage
from targets.reference.usage import ADD, COUNTED, READ, WRITE, Execute, Update


class Table:
    """The two tables, in memory; `between` runs after each read of the total. A transaction may be repeated."""

    def __init__(self, between: Callable[[], object] = lambda: None, *, tries: int = 1) -> None:
        self.total, self.counted = 0, dict[str, int]()
        self._between, self._tries, self._lock = between, tries, threading.Lock()

    def transact(self, work: Callable[[Execute], Any]) -> Any:
        for _ in range(self._tries):
            found = work(self._execute)
        return found

    def _execute(self, statement: str, values: Mapping[str, Any]) -> Any:
        if statement == READ:
            found = self.total
            self._between()
            return found
        with self._lock:
            if statement == COUNTED:
                return sum(self.counted.values())
            fresh = values["id"] not in self.counted
            self.counted[values["id"]] = values["n"]
            if statement == ADD and fresh:
                self.total += values["n"]
            elif statement == WRITE:
                self.total = values["total"]
            return None


def both_at_once(update: Update) -> dict[str, int]:
    together = threading.Barrier(2, timeout=10)
    table = Table(together.wait)
    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(usage.count, table.transact, update, "job", n) for n in (1, 4)]:
            done.result()
    return {"total": table.total, "counted": sum(table.counted.values())}


def test_who_reads_before_the_other_has_written_loses_one_of_the_two_updates() -> None:
    found = both_at_once("read_then_write")
    assert found["counted"] == 5 and found["total"] in (1, 4)


def test_atomic_updates_lose_nothing() -> None:
    assert both_at_once("atomic") == {"total": 5, "counted": 5}


@pytest.mark.parametrize("update", ["read_then_write", "atomic"])
def test_an_update_that_is_repeated_after_a_failure_counts_once(update: Update) -> None:
    table = Table(tries=3)
    for _ in range(4):
        usage.count(table.transact, update, "requests", 2)
    assert usage.state(table.transact) == {"total": 8, "counted": 8, "lost": 0}
