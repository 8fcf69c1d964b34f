"""A run as OpenMetrics with timestamps: every sample of its journal, its requests and its faults.

`promtool tsdb create-blocks-from openmetrics` turns it into a block of Prometheus' database, so that rules and
dashboards can be tried on a night that is over. Format: https://prometheus.io/docs/specs/om/open_metrics_spec/
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
import numpy.typing as npt
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.openmetrics.exposition import generate_latest
from prometheus_client.registry import Collector, CollectorRegistry
from prometheus_client.samples import Sample, Timestamp

from chaos.record.events import RunBegun, StepInjected, StepInjecting, StepUndone
from chaos.record.gauges import BREAKER_STATE, GAUGES, Api, Gauge, Process, Source, Volume
from chaos.record.hits import Outcome
from chaos.record.journal import Journal

PER_SECOND = 4
"""Instants of requests and faults; gauges have their own."""

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper bounds of the latency histogram, in seconds: those of Prometheus' client libraries."""

COUNTERS = frozenset({*(each for each in Api if each.counts), Process.OOM_KILLS, Volume.ERRORS})
_SUFFIX = {
    "s": "_seconds",
    "ratio": "_ratio",
    "bytes": "_bytes",
    "bytes of WAL": "_bytes",
    "bytes/s": "_bytes_per_second",
    "CPUs": "_cpus",
}
_OWNED = {Source.PROCESS: "role", Source.VOLUME: "volume"}

Labels = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Named:
    """The metric of one gauge."""

    name: str
    labels: Labels
    counter: bool = False


@dataclass(slots=True)
class _Points:
    """The samples of one metric, by its labels."""

    counter: bool
    series: list[tuple[Labels, npt.NDArray[np.float64], npt.NDArray[np.float64]]] = field(
        default_factory=list
    )


def render(journal: Journal) -> str:
    """The whole run. Instants are UTC, as the run's clock had them."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Run(journal))
    text: bytes = generate_latest(registry)  # type: ignore[no-untyped-call]
    return text.decode()


def families(journal: Journal) -> Iterator[Metric]:
    """The metrics of the run, with timestamps in seconds since 1970."""
    yield from _Run(journal).collect()


def instant(sample: Sample) -> float:
    """When a sample was taken, in seconds since 1970."""
    assert sample.timestamp is not None, "each of a run has one"
    return float(sample.timestamp)


def instants(journal: Journal) -> npt.NDArray[np.float64]:
    """The instants of the run's clock at which requests and faults are reported."""
    last = journal.events[-1].at if journal.events else 0.0
    return np.arange(0.0, last + 1 / PER_SECOND, 1 / PER_SECOND)


def zero_of(journal: Journal) -> float:
    """The instant of the run clock's zero, in seconds since 1970."""
    begun = journal.latest(RunBegun)
    return datetime.fromisoformat((begun and begun.utc) or journal.manifest.started).timestamp()


def named(source: str, gauge: str) -> Named:
    """The metric of a gauge: `process:api` `rss` is `midnight_process_rss_bytes{role="api"}`."""
    for each, label in _OWNED.items():
        if source.startswith(each):
            return _of(each, gauge, {label: source.removeprefix(each)})
    if source == Source.API and gauge.startswith(f"{BREAKER_STATE}_"):
        return Named("midnight_api_breaker_state", {"breaker": gauge.removeprefix(f"{BREAKER_STATE}_")})
    return _of(source, gauge, {})


def _of(source: str, gauge: str, labels: Labels) -> Named:
    known: Gauge | None = next((each for each in GAUGES.get(source, ()) if each == gauge), None)  # type: ignore[call-overload]
    suffix = _SUFFIX.get(known.unit, "") if known is not None else ""
    plain = gauge.removesuffix("_bps") if suffix else gauge
    name = re.sub(r"\W+", "_", f"midnight_{source.rstrip(':')}_{plain}{suffix}", flags=re.ASCII)
    return Named(name, labels, known in COUNTERS)


class _Run(Collector):
    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        about = journal.manifest
        self._group = {
            "experiment": str(about.experiment.get("name")),
            "target": str(about.target.get("name")),
            "profile": about.profile or "",
        }
        self._zero = zero_of(journal)
        self._instants = instants(journal)

    def collect(self) -> Iterator[Metric]:
        yield from self._gauges()
        yield self._faults()
        yield from self._requests()

    def _gauges(self) -> Iterator[Metric]:
        found: dict[str, _Points] = {}
        for source, gauge in self._journal.gauges():
            metric, series = named(source, gauge), self._journal.series(source, gauge)
            points = found.setdefault(metric.name, _Points(metric.counter))
            points.series.append((metric.labels, series.at, series.value))
        for name, points in found.items():
            yield self._family(name, f"Sampled during the run: {name}.", points)

    def _faults(self) -> Metric:
        """1 from a step's injection until it is undone."""
        points = _Points(counter=False)
        for step in self._journal.manifest.plan or ():
            name = str(step["step"])
            begun = self._journal.latest(StepInjecting, name) or self._journal.latest(StepInjected, name)
            undone = self._journal.latest(StepUndone, name)
            first = np.inf if begun is None else begun.at
            last = np.inf if undone is None else undone.at
            acts = ((self._instants >= first) & (self._instants < last)).astype(np.float64)
            points.series.append(({"step": name, "fault": str(step["fault"])}, self._instants, acts))
        return self._family("midnight_fault_active", "1 while a step acts.", points)

    def _requests(self) -> Iterator[Metric]:
        """Requests that had ended by each instant, by outcome; and the latency of the good ones."""
        if not len(self._journal.hits):
            return
        routes = self._journal.hits_header.routes
        counts, latencies, sums = self._counted(len(routes))
        points = _Points(counter=True)
        for code, route in enumerate(routes):
            for outcome in Outcome:
                if counts[code, outcome, -1]:
                    labels = {"route": route, "outcome": outcome.name.lower()}
                    points.series.append((labels, self._instants, counts[code, outcome]))
        yield self._family("midnight_requests", "Requests of the load that had ended.", points)
        yield self._histogram(routes, latencies, sums)

    def _counted(self, routes: int) -> tuple[npt.NDArray[np.float64], ...]:
        """Cumulative by instant: requests by route and outcome, good ones by route and bucket, their seconds."""
        instants = len(self._instants)
        ended = np.zeros((routes, len(Outcome), instants))
        good = np.zeros((routes, len(BUCKETS) + 1, instants))
        seconds = np.zeros((routes, instants))
        for piece in self._journal.hits.pieces():
            rows = piece[~np.isnan(piece["done"])]
            at = np.minimum(np.searchsorted(self._instants, rows["done"]), instants - 1)
            np.add.at(ended, (rows["route"], rows["outcome"], at), 1)
            well = rows["outcome"] == Outcome.GOOD
            latency = (rows["done"] - rows["due"])[well]
            bucket = np.searchsorted(BUCKETS, latency)
            np.add.at(good, (rows["route"][well], bucket, at[well]), 1)
            np.add.at(seconds, (rows["route"][well], at[well]), latency)
        return ended.cumsum(axis=2), good.cumsum(axis=2).cumsum(axis=1), seconds.cumsum(axis=1)

    def _histogram(
        self, routes: tuple[str, ...], counts: npt.NDArray[np.float64], sums: npt.NDArray[np.float64]
    ) -> Metric:
        made = HistogramMetricFamily(
            "midnight_request_duration_seconds",
            "Latency of good requests, from the instant at which they were due.",
            labels=[*self._group, "route"],
        )
        bounds = [*(str(bound) for bound in BUCKETS), "+Inf"]
        for code, route in enumerate(routes):
            for index, at in enumerate(self._instants):
                buckets = [(bound, float(counts[code, row, index])) for row, bound in enumerate(bounds)]
                labels = [*self._group.values(), route]
                made.add_metric(labels, buckets, float(sums[code, index]), timestamp=self._stamp(at))
        return made

    def _family(self, name: str, words: str, points: _Points) -> Metric:
        keys = [*self._group, *(points.series[0][0] if points.series else ())]
        kind = CounterMetricFamily if points.counter else GaugeMetricFamily
        made = kind(name.removesuffix("_total"), words, labels=keys)
        for labels, instants, values in points.series:
            shown = [*self._group.values(), *labels.values()]
            for at, value in zip(instants, values, strict=True):
                made.add_metric(shown, float(value), timestamp=self._stamp(at))
        return made

    def _stamp(self, at: float) -> Timestamp:
        whole, rest = divmod(round((self._zero + float(at)) * 1000), 1000)
        return Timestamp(whole, rest * 1_000_000)
