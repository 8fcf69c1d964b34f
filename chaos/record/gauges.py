"""The gauges sampled during a run: source, name and unit. docs/journal.md lists them."""

from __future__ import annotations

from enum import StrEnum
from typing import Self


class Source(StrEnum):
    """The owner of a gauge. The last two are followed by a role or the name of a volume."""

    API = "api"
    DATABASE = "database"
    MACHINE = "machine"
    REPLICATION = "replication"
    PROCESS = "process:"
    VOLUME = "volume:"

    def of(self, name: str) -> str:
        """Return the source of one role or volume."""
        return f"{self}{name}"


class Gauge(StrEnum):
    """A gauge's name, with its unit."""

    unit: str

    def __new__(cls, name: str, unit: str) -> Self:
        made = str.__new__(cls, name)
        made._value_, made.unit = name, unit
        return made


class Api(Gauge):
    """The target's own metrics at its `metrics_url`, summed over its workers."""

    POOL_SIZE = "pool_size", "connections"
    POOL_CHECKED_OUT = "pool_checked_out", "connections"
    POOL_BUSIEST = "pool_busiest", "ratio"
    POOL_WAITERS = "pool_waiters", "requests"
    POOL_WAITS_TIMED_OUT = "pool_waits_timed_out", "count"
    IN_FLIGHT = "in_flight", "requests"
    RETRIES = "retries", "count"
    REQUESTS = "requests", "count"
    LOG_LINES = "log_lines", "count"
    LOG_LINES_DROPPED = "log_lines_dropped", "count"
    LOG_QUEUE_DEPTH = "log_queue_depth", "lines"
    CACHE_ENTRIES = "cache_entries", "entries"


BREAKER_STATE = "breaker_state"
"""One gauge per circuit breaker of the API, followed by `_` and its name. 0 closed, 1 half open, 2 open."""


class Database(Gauge):
    """The database's sessions, excluding midnight's own."""

    CONNECTIONS = "connections", "sessions"
    ACTIVE = "active", "sessions"
    IDLE = "idle", "sessions"
    MAX_CONNECTIONS = "max_connections", "sessions"


class Machine(Gauge):
    """The machine that plays."""

    CPU = "cpu", "ratio"
    MEMORY_AVAILABLE = "memory_available", "bytes"
    CPU_PRESSURE = "cpu_pressure", "ratio"
    IO_PRESSURE = "io_pressure", "ratio"


class Standby(Gauge):
    """The standby, as reported by its primary."""

    LSN = "lsn", "bytes of WAL"
    FLUSHED = "flushed", "bytes of WAL"
    UNFLUSHED_BYTES = "unflushed_bytes", "bytes"
    UNREPLAYED_BYTES = "unreplayed_bytes", "bytes"


class Process(Gauge):
    """A role's process with its children, or its container."""

    CPU = "cpu", "processors"
    RSS = "rss", "bytes"
    THREADS = "threads", "count"
    FDS = "fds", "count"
    OOM_KILLS = "oom_kills", "count"
    THROTTLED = "throttled", "ratio"
    WRITE_BPS = "write_bps", "bytes/s"


class Volume(Gauge):
    """One of the target's volumes."""

    WRITE_BPS = "write_bps", "bytes/s"
    BUSY = "busy", "ratio"
    SYNC_WAIT = "sync_wait", "s"


GAUGES: dict[Source, type[Gauge]] = {
    Source.API: Api,
    Source.DATABASE: Database,
    Source.MACHINE: Machine,
    Source.REPLICATION: Standby,
    Source.PROCESS: Process,
    Source.VOLUME: Volume,
}
