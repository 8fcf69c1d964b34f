"""A QueuePool that reports connections in use and requests waiting for one."""

from __future__ import annotations

from sqlalchemy.pool import ConnectionPoolEntry, QueuePool
from sqlalchemy.util.queue import Empty, Queue

from . import metrics


class CountingQueue(Queue[ConnectionPoolEntry]):
    """Counts waiters, and waits that end without a connection."""

    def get(self, block: bool = True, timeout: float | None = None) -> ConnectionPoolEntry:
        """As the library's; a wait is counted from beginning to end, however it ends."""
        if not block:
            return super().get(False)
        metrics.POOL_WAITERS.inc()
        try:
            return super().get(True, timeout)
        except Empty:
            metrics.POOL_WAITS_TIMED_OUT.inc()
            raise
        finally:
            metrics.POOL_WAITERS.dec()


class CountingPool(QueuePool):
    """Publishes the connections in use on every change.

    Records are tracked by identity: the library calls `_do_get` recursively, which a counter would count twice.
    """

    _queue_class = CountingQueue
    # of the class, because the library replaces a pool by a new instance
    _in_use: set[int] = set()  # noqa: RUF012
    _busy = 0

    def _do_get(self) -> ConnectionPoolEntry:
        record = super()._do_get()
        if id(record) not in self._in_use:
            self._in_use.add(id(record))
            self._count(1)
        return record

    def _create_connection(self) -> ConnectionPoolEntry:
        self._count(1)
        try:
            return super()._create_connection()
        finally:
            self._count(-1)

    def _do_return_conn(self, record: ConnectionPoolEntry) -> None:
        if id(record) in self._in_use:
            self._in_use.discard(id(record))
            self._count(-1)
        super()._do_return_conn(record)

    def _count(self, change: int) -> None:
        CountingPool._busy += change
        metrics.POOL_CHECKED_OUT.inc(change)
        metrics.POOL_BUSIEST.set(CountingPool._busy / (self.size() + self._max_overflow))
