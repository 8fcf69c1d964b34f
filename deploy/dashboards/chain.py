"""The chain: the panels of each link, in the order of the story that `chaos.checks.chain` tells."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import units
from grafana_foundation_sdk.models.dashboard import Panel

from chaos.checks.text import percent
from chaos.record.gauges import Api, Database, Gauge, Machine, Source, Volume
from chaos.reports import openmetrics
from deploy.dashboards import bounds
from deploy.dashboards.parts import OF_GROUP, Bound, Query, State, lines, states

RATE = "[$__rate_interval]"
LOAD = f"midnight_requests_total{{{OF_GROUP}}}"
BAD = f'midnight_requests_total{{outcome!="good",{OF_GROUP}}}'
BUCKETS = f"midnight_request_duration_seconds_bucket{{{OF_GROUP}}}"
REQUESTS, CONNECTIONS, ENTRIES = "suffix: requests", "suffix: connections", "suffix: entries"
ONLY_IMPORTED = "Only an imported night has it."

Panels = Sequence[Builder[Panel]]


def quantile(rank: float, by: str = "le") -> str:
    """A percentile of the good requests of the load."""
    return f"histogram_quantile({rank}, sum by ({by}) (rate({BUCKETS}{RATE})))"


def _sampled(source: str, gauge: Gauge) -> str:
    """The selector of a gauge in an imported night."""
    metric = openmetrics.named(source, gauge)
    return f"{metric.name}{'_total' if metric.counter else ''}{{{OF_GROUP}}}"


def _disk() -> Panels:
    busy = bounds.alert("DiskBusy")
    return [
        lines(
            "Disk busy",
            f"Share of the time in which a disk had work. Dashed line: DiskBusy alerts above {percent(busy)}.",
            units.PercentUnit,
            Query(f"rate(node_disk_io_time_seconds_total{RATE})", "{{device}}"),
            bounds=[Bound(busy)],
        ),
        lines(
            "A write and its sync",
            f"How long 4 KiB take to reach the volume: what a database waits for at each commit. {ONLY_IMPORTED}",
            units.Seconds,
            Query(_sampled(Source.VOLUME.of("any"), Volume.SYNC_WAIT), "sampled, {{volume}}"),
        ),
    ]


def _cpu() -> Panels:
    full = bounds.alert("CpuSaturated")
    least = bounds.alert("MemoryLow")
    return [
        lines(
            "CPU in use",
            f"Share of all processors. Dashed line: CpuSaturated alerts above {percent(full)}.",
            units.PercentUnit,
            Query(f'1 - avg(rate(node_cpu_seconds_total{{mode="idle"}}{RATE}))', "machine"),
            Query(_sampled(Source.MACHINE, Machine.CPU), "sampled, machine"),
            bounds=[Bound(full)],
        ),
        lines(
            "Memory available",
            f"What a process can still get. Below the dashed line, {percent(least)} of the memory, MemoryLow alerts.",
            units.BytesIEC,
            Query("node_memory_MemAvailable_bytes", "machine"),
            Query(f"{least:g} * node_memory_MemTotal_bytes", f"bound: {percent(least)} of the memory"),
            Query(_sampled(Source.MACHINE, Machine.MEMORY_AVAILABLE), "sampled, machine"),
        ),
    ]


def _latency() -> Panels:
    return [
        lines(
            "Latency",
            "Of the slowest probe of the API, answered or not. Of an imported night: of the load's good requests, from "
            "the instant at which they were due.",
            units.Seconds,
            Query('max(probe_duration_seconds{job="probe"})', "probe"),
            Query(quantile(0.5), "load, p50"),
            Query(quantile(0.95), "load, p95"),
        ),
        lines(
            "p95 by route",
            f"Which route is slow: one that needs the database, or every one? {ONLY_IMPORTED}",
            units.Seconds,
            Query(quantile(0.95, "le, route"), "load, {{route}}"),
        ),
    ]


def _pile_up() -> Panels:
    return [
        lines(
            "Requests in progress",
            "Requests without an answer yet, over all workers. They pile up when answers take longer than arrivals.",
            REQUESTS,
            Query("sum(reference_in_flight)", "API"),
            Query(_sampled(Source.API, Api.IN_FLIGHT), "sampled, API"),
        ),
        lines(
            "Requests answered",
            "Requests that ended, well or not. If it falls while the load goes on, requests wait.",
            units.RequestsPerSecond,
            Query(f"sum(rate(reference_requests_total{RATE}))", "API"),
            Query(f"sum(rate({LOAD}{RATE}))", "load"),
        ),
    ]


def _pool_in_use() -> Panels:
    most = bounds.alert("PoolNearlyFull")
    used, size = _sampled(Source.API, Api.POOL_CHECKED_OUT), _sampled(Source.API, Api.POOL_SIZE)
    return [
        lines(
            "Connection pool in use",
            f"Of all workers, and of the worker that uses most: a sum hides one full pool. Dashed line: "
            f"PoolNearlyFull alerts above {percent(most)}.",
            units.PercentUnit,
            Query("service:pool_in_use:ratio", "API, busiest worker"),
            Query("sum(reference_pool_checked_out) / sum(reference_pool_size)", "API"),
            Query(f"max({_sampled(Source.API, Api.POOL_BUSIEST)})", "sampled, busiest worker"),
            Query(f"sum({used}) / sum({size})", "sampled, API"),
            bounds=[Bound(most)],
        ),
        lines(
            "Connections of the pool",
            "In use, and how many there may be, overflow included.",
            CONNECTIONS,
            Query("sum(reference_pool_checked_out)", "API, in use"),
            Query("sum(reference_pool_size)", "API, size"),
            Query(f"sum({used})", "sampled, in use"),
            Query(f"sum({size})", "sampled, size"),
        ),
    ]


def _pool_exhausted() -> Panels:
    most = bounds.alert("PoolWaitsTimedOut")
    timed_out = _sampled(Source.API, Api.POOL_WAITS_TIMED_OUT)
    return [
        lines(
            "Requests that wait for a connection",
            "They hold a worker and have no connection yet. PoolExhausted pages if any do for 3 of 10 seconds.",
            REQUESTS,
            Query("sum(reference_pool_waiters)", "API"),
            Query(_sampled(Source.API, Api.POOL_WAITERS), "sampled, API"),
        ),
        lines(
            "Waits given up",
            "Requests that got no connection in time, per second. Dashed line: PoolWaitsTimedOut pages above "
            f"{most:g}.",
            units.RequestsPerSecond,
            Query("service:pool_waits_timed_out:rate1m", "API, last 1 min"),
            Query(f"sum(rate({timed_out}{RATE}))", "sampled, API"),
            bounds=[Bound(most)],
        ),
    ]


def _database() -> Panels:
    most = bounds.alert("ConnectionsNearlyExhausted")
    used, limit = (
        _sampled(Source.DATABASE, each) for each in (Database.CONNECTIONS, Database.MAX_CONNECTIONS)
    )
    return [
        lines(
            "Share of max_connections in use",
            "The recording rule needs postgres_exporter. Dashed line: ConnectionsNearlyExhausted pages above "
            f"{percent(most)}.",
            units.PercentUnit,
            Query("service:connections:ratio", "database"),
            Query(f"sum({used}) / max({limit})", "sampled, database"),
            bounds=[Bound(most)],
        ),
        lines(
            "Sessions",
            "Client sessions of the database, without midnight's own: all of them, and those that are not idle. "
            f"{ONLY_IMPORTED}",
            CONNECTIONS,
            Query(used, "sampled, all"),
            Query(_sampled(Source.DATABASE, Database.ACTIVE), "sampled, not idle"),
        ),
    ]


def _api_down() -> Panels:
    least = bounds.alert("ApiDown")
    return [
        lines(
            "Probes answered",
            "Share of the last 10 s, of blackbox_exporter: it asks the API as its users do. Dashed line: ApiDown pages "
            f"below {percent(least)}. An imported night has none.",
            units.PercentUnit,
            Query('avg_over_time(probe_success{job="probe"}[10s])', "{{instance}}"),
            bounds=[Bound(least, bad="below")],
        ),
        lines(
            "Requests that failed",
            "Server errors as the API counts them; as the load saw them, also refused, reset and timed out: those "
            "the API never counts.",
            units.RequestsPerSecond,
            Query(
                f'sum by (status) (rate(reference_requests_total{{status=~"5.."}}{RATE}))', "API, {{status}}"
            ),
            Query(f"sum by (outcome) (rate({BAD}{RATE}))", "load, {{outcome}}"),
        ),
        states(
            "Scraped",
            "Whether Prometheus reaches each exporter. An exporter can be up while the service is down, and the "
            "other way round. An imported night has none.",
            Query("min by (job) (up)", "{{job}}"),
            {0: State("not reached", "red"), 1: State("reached", "green")},
        ),
    ]


def kept() -> Panels:
    contexts, caches = bounds.alert("ContextsKept"), bounds.alert("CacheGrows")
    kept = " + ".join(
        f"sum({_sampled(Source.API, each)})" for each in (Api.CACHE_ENTRIES, Api.MODEL_CACHE_ENTRIES)
    )
    return [
        lines(
            "Request contexts kept",
            "Contexts that no request needs any more, if it only grows. Dashed line: ContextsKept alerts above "
            f"{contexts:,.0f}.",
            ENTRIES,
            Query("service:context_entries:sum", "API"),
            Query(_sampled(Source.API, Api.CONTEXT_ENTRIES), "sampled, API"),
            bounds=[Bound(contexts)],
        ),
        lines(
            "Objects in caches",
            f"A cache without a limit only grows. Dashed line: CacheGrows alerts above {caches:,.0f}.",
            ENTRIES,
            Query("service:cache_entries:sum", "API"),
            Query(kept, "sampled, API"),
            bounds=[Bound(caches)],
        ),
    ]


LINKS: Mapping[str, Callable[[], Panels]] = {
    "disk I/O rises": _disk,
    "CPU runs out": _cpu,
    "API latency rises": _latency,
    "requests pile up": _pile_up,
    "connection pool fills": _pool_in_use,
    "connection pool is exhausted": _pool_exhausted,
    "database runs out of connections": _database,
    "API down": _api_down,
}
