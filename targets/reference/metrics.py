"""Every metric of the API, over all its workers.

PROMETHEUS_MULTIPROC_DIR must be set before the import: the library chooses its storage then.
"""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

POOL_SIZE = Gauge(
    "reference_pool_size", "Maximum connections of the pools, overflow included.", multiprocess_mode="livesum"
)
POOL_CHECKED_OUT = Gauge(
    "reference_pool_checked_out",
    "Connections in use, those being established included.",
    multiprocess_mode="livesum",
)
POOL_BUSIEST = Gauge(
    "reference_pool_busiest",
    "Share of its pool in use, in the worker that uses the most: a sum over workers hides a full pool.",
    multiprocess_mode="livemax",
)
POOL_WAITERS = Gauge(
    "reference_pool_waiters", "Requests waiting for a connection.", multiprocess_mode="livesum"
)
POOL_WAITS_TIMED_OUT = Counter("reference_pool_waits_timed_out_total", "Waits for a connection given up.")
REQUESTS = Counter("reference_requests_total", "Requests answered.", ["route", "status"])
IN_FLIGHT = Gauge("reference_in_flight", "Requests in progress.", multiprocess_mode="livesum")
BREAKER_STATE = Gauge(
    "reference_breaker_state",
    "0 closed, 1 half-open, 2 open; of the worst worker.",
    ["name"],
    multiprocess_mode="livemax",
)
RETRIES = Counter("reference_retries_total", "Attempts after the first.", ["what"])
LOG_LINES = Counter("reference_log_lines_total", "Numbered lines handed to app.log.")
LOG_LINES_DROPPED = Counter(
    "reference_log_lines_dropped_total", "Log lines dropped because the queue was full."
)
LOG_QUEUE_DEPTH = Gauge(
    "reference_log_queue_depth",
    "Lines not yet written, as of the latest line.",
    multiprocess_mode="livesum",
)
CACHE_ENTRIES = Gauge("reference_cache_entries", "Conversations kept in memory.", multiprocess_mode="livesum")

PROXY_SIZE = Gauge("reference_proxy_size", "Request contexts kept in memory.", multiprocess_mode="livesum")
PROXY_AVG_TTL = Gauge(
    "reference_proxy_avg_ttl_seconds",
    "Mean age of the request contexts, as of the latest; of the worker in which they are oldest.",
    multiprocess_mode="livemax",
)
MODEL_CACHE_ENTRIES = Gauge(
    "reference_model_cache_entries", "Models kept in memory.", multiprocess_mode="livesum"
)


def exposition() -> bytes:
    """All workers' metrics in Prometheus' text format."""
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return generate_latest(registry)
