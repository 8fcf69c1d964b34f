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
    """What the target's `gauges` show, summed over its workers. Those in `count` only ever rise: counters."""

    POOL_SIZE = "pool_size", "connections"
    POOL_CHECKED_OUT = "pool_checked_out", "connections"
    POOL_BUSIEST = "pool_busiest", "ratio"
    POOL_WAITERS = "pool_waiters", "requests"
    POOL_WAITS = "pool_waits", "count"
    POOL_WAITS_TIMED_OUT = "pool_waits_timed_out", "count"
    IN_FLIGHT = "in_flight", "requests"
    RETRIES = "retries", "count"
    REQUESTS = "requests", "count"
    LOG_LINES = "log_lines", "count"
    LOG_LINES_DROPPED = "log_lines_dropped", "count"
    LOG_QUEUE_DEPTH = "log_queue_depth", "lines"
    CACHE_ENTRIES = "cache_entries", "entries"
    CONTEXT_ENTRIES = "context_entries", "entries"
    CONTEXT_AVG_TTL = "context_avg_ttl", "s"
    MODEL_CACHE_ENTRIES = "model_cache_entries", "entries"
    QUEUE_LENGTH = "queue_length", "messages"
    CLIENTS = "clients", "connections"

    @property
    def counts(self) -> bool:
        """Whether it is a counter."""
        return self.unit == "count"


BREAKER_STATE = "breaker_state"
"""One gauge per circuit breaker of the API, followed by `_` and its name. 0 closed, 1 half open, 2 open."""


IN_FILES = {**{str(gauge): gauge for gauge in Api}, "pool_in_use": Api.POOL_CHECKED_OUT}
"""A target file's names of the gauges of `api`. The pool's is short for what the journal has always called it."""
del IN_FILES[Api.POOL_CHECKED_OUT]


class Database(Gauge):
    """The database's sessions, excluding midnight's own. From SERVICE_SESSIONS on: those of the service's role."""

    CONNECTIONS = "connections", "sessions"
    ACTIVE = "active", "sessions"
    IDLE = "idle", "sessions"
    MAX_CONNECTIONS = "max_connections", "sessions"
    SERVICE_SESSIONS = "service_sessions", "sessions"
    SERVICE_IN_USE = "service_in_use", "sessions"
    SERVICE_LIMIT = "service_limit", "sessions"


class Machine(Gauge):
    """The machine that plays."""

    CPU = "cpu", "ratio"
    OWN_CPU = "own_cpu", "CPUs"
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

    CPU = "cpu", "CPUs"
    RSS = "rss", "bytes"
    THREADS = "threads", "count"
    FDS = "fds", "count"
    OOM_KILLS = "oom_kills", "count"
    THROTTLED = "throttled", "ratio"
    WRITE_BPS = "write_bps", "bytes/s"


class Volume(Gauge):
    """One of the target's volumes. From READ_BPS on: only on a served disk, from its own account."""

    SYNC_WAIT = "sync_wait", "s"
    WRITE_BPS = "write_bps", "bytes/s"
    READ_BPS = "read_bps", "bytes/s"
    LIMIT = "limit", "bytes/s"
    QUEUED = "queued", "requests"
    REQUEST_WAIT = "request_wait", "s"
    ERRORS = "errors", "count"


GAUGES: dict[Source, type[Gauge]] = {
    Source.API: Api,
    Source.DATABASE: Database,
    Source.MACHINE: Machine,
    Source.REPLICATION: Standby,
    Source.PROCESS: Process,
    Source.VOLUME: Volume,
}
