"""The series of a run: its own names, and the well-known names of exporters that its samples can stand in for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from chaos.record.gauges import Api, Database, Machine, Source, Volume
from chaos.record.hits import Outcome
from chaos.record.journal import Journal, Series
from chaos.reports import openmetrics

Numbers = npt.NDArray[np.float64]

GONE = 2.0
"""Seconds without a sample of its metrics after which the service counts as not scraped."""


@dataclass(frozen=True)
class Sampled:
    """One series: values at instants of the run's clock."""

    name: str
    labels: Mapping[str, str]
    at: Numbers
    values: Numbers
    counter: bool = False

    def labelled(self, more: Mapping[str, str]) -> Sampled:
        return replace(self, labels={**self.labels, **more})


def patience_of(scrape: float) -> float:
    """Seconds after which blackbox_exporter gives up, by default: half a second before Prometheus does."""
    timeout = min(10.0, scrape)
    return timeout - 0.5 if timeout > 0.5 else timeout


def own(journal: Journal) -> Iterator[Sampled]:
    """Every metric of the run's OpenMetrics, by the same names."""
    zero = openmetrics.zero_of(journal)
    for family in openmetrics.families(journal):
        points: dict[tuple[str, tuple[tuple[str, str], ...]], tuple[list[float], list[float]]] = {}
        for sample in family.samples:
            key = sample.name, tuple(sorted(sample.labels.items()))
            at, values = points.setdefault(key, ([], []))
            at.append(openmetrics.instant(sample) - zero)
            values.append(float(sample.value))
        for (name, labels), (at, values) in points.items():
            counter = family.type in ("counter", "histogram")
            yield Sampled(name, dict(labels), np.array(at), np.array(values), counter)


def well_known(journal: Journal, patience: float) -> Iterator[Sampled]:
    """The names that rules mostly use: node_exporter's, postgres_exporter's, `up`, and the load's own requests.
    `patience`: seconds after which a probe gives up."""
    yield from _node(journal)
    yield from _postgres(journal)
    yield from _requests(journal)
    yield from _probe(journal, patience)
    scraped = _any_of(journal, Source.API, tuple(Api))
    if len(scraped.at):
        grid = openmetrics.instants(journal)
        yield Sampled("up", {}, grid, (latest(scraped.at, grid)[1] <= GONE).astype(np.float64))


def _node(journal: Journal) -> Iterator[Sampled]:
    """node_exporter: https://github.com/prometheus/node_exporter."""
    host = journal.manifest.host
    cpus = (host.cpus if host else None) or 1
    memory = journal.series(Source.MACHINE, Machine.MEMORY_AVAILABLE)
    yield from _gauge("node_memory_MemAvailable_bytes", memory)
    if host is not None and host.memory_bytes and len(memory.at):
        total = np.full(len(memory.at), float(host.memory_bytes))
        yield Sampled("node_memory_MemTotal_bytes", {}, memory.at, total)
    busy = journal.series(Source.MACHINE, Machine.CPU)
    for mode, share in (("user", busy.value), ("idle", 1.0 - busy.value)):
        for cpu in range(cpus):
            labels = {"cpu": str(cpu), "mode": mode}
            yield from _summed("node_cpu_seconds_total", busy.at, np.clip(share, 0.0, 1.0), labels)
    yield from _gauge("node_load1", Series(busy.at, busy.value * cpus))
    for pressure, name in (
        (Machine.CPU_PRESSURE, "node_pressure_cpu_waiting_seconds_total"),
        (Machine.IO_PRESSURE, "node_pressure_io_waiting_seconds_total"),
    ):
        found = journal.series(Source.MACHINE, pressure)
        yield from _summed(name, found.at, found.value, {})
    for source, gauge in journal.gauges():
        if source.startswith(Source.VOLUME) and gauge == Volume.QUEUED:
            found = journal.series(source, gauge)
            device = {"device": source.removeprefix(Source.VOLUME)}
            waiting = (found.value > 0).astype(np.float64)
            yield from _summed("node_disk_io_time_seconds_total", found.at, waiting, device)


def _postgres(journal: Journal) -> Iterator[Sampled]:
    """postgres_exporter: https://github.com/prometheus-community/postgres_exporter."""
    for gauge, state in ((Database.ACTIVE, "active"), (Database.IDLE, "idle")):
        found = journal.series(Source.DATABASE, gauge)
        yield from _gauge("pg_stat_activity_count", found, {"state": state})
    yield from _gauge(
        "pg_settings_max_connections", journal.series(Source.DATABASE, Database.MAX_CONNECTIONS)
    )
    sampled = journal.series(Source.DATABASE, Database.CONNECTIONS)
    if len(sampled.at):
        grid = openmetrics.instants(journal)
        yield Sampled("pg_up", {}, grid, (latest(sampled.at, grid)[1] <= GONE).astype(np.float64))


def _requests(journal: Journal) -> Iterator[Sampled]:
    """`http_requests_total{code}`, as the load saw them."""
    grid, hits = openmetrics.instants(journal), journal.hits
    if not len(hits):
        return
    codes: dict[int, Numbers] = {}
    for piece in hits.pieces():
        rows = piece[~np.isnan(piece["done"])]
        index = np.minimum(np.searchsorted(grid, rows["done"]), len(grid) - 1)
        for code in np.unique(rows["status"]):
            counted = codes.setdefault(int(code), np.zeros(len(grid)))
            np.add.at(counted, index[rows["status"] == code], 1)
    for code, counted in sorted(codes.items()):
        labels = {"code": str(code) if code else "none"}
        yield Sampled("http_requests_total", labels, grid, counted.cumsum(), counter=True)


def _probe(journal: Journal, patience: float) -> Iterator[Sampled]:
    """blackbox_exporter's, with each request of the load as a probe: what the last one whose end was known came to.

    A probe gives up sooner than the load's clients do: then its end is known, and it has failed.
    """
    grid, hits = openmetrics.instants(journal), journal.hits
    success, seconds = np.full(len(grid), np.nan), np.full(len(grid), np.nan)
    for piece in hits.pieces():
        took = np.fmin(piece["done"] - piece["due"], patience)  # NaN: it never ended
        order = np.argsort(piece["due"] + took, kind="stable")
        known, took = (piece["due"] + took)[order], took[order]
        index = np.minimum(np.searchsorted(grid, known), len(grid) - 1)
        success[index] = (piece["outcome"][order] == Outcome.GOOD) & (took < patience)
        seconds[index] = took
    seen = ~np.isnan(success)
    if seen.any():
        yield Sampled("probe_success", {}, grid[seen], success[seen])
        yield Sampled("probe_duration_seconds", {}, grid[seen], seconds[seen])


def latest(at: Numbers, grid: Numbers) -> tuple[npt.NDArray[np.intp], Numbers]:
    """The index of the last of the instants, -1 without one, and its age in seconds, at each of the grid."""
    index = np.searchsorted(at, grid, side="right") - 1
    return index, np.where(index >= 0, grid - at[np.maximum(index, 0)], np.inf)


def _any_of(journal: Journal, source: str, gauges: tuple[str, ...]) -> Series:
    return max((journal.series(source, each) for each in gauges), key=lambda series: len(series.at))


def _gauge(name: str, series: Series, labels: Mapping[str, str] | None = None) -> Iterator[Sampled]:
    if len(series.at):
        yield Sampled(name, labels or {}, series.at, series.value)


def _summed(name: str, at: Numbers, share: Numbers, labels: Mapping[str, str]) -> Iterator[Sampled]:
    """A counter of seconds from the share of the time in which something was so."""
    if len(at):
        yield Sampled(name, labels, at, np.cumsum(share * np.diff(at, prepend=at[0])), counter=True)
