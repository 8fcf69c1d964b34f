"""Map an OpenSLO indicator to hits of the load: which ones, and whether they are counted or timed; or to queries of the
target's Prometheus."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chaos.spec.openslo.models import HitsOfTheLoad, Indicator, Metric, PromQuery, RatioMetric
from chaos.spec.openslo.sources import MIDNIGHT, PROMETHEUS, Sources
from chaos.spec.yamlfile import Where


@dataclass(frozen=True, slots=True)
class Asked:
    """The hits covered by an SLO; `timed`: good ones within a threshold, else all good ones."""

    timed: bool
    hits: HitsOfTheLoad
    at: Where  # of the metric source's spec


@dataclass(frozen=True, slots=True)
class AskedOfPrometheus:
    """What `prometheus` of an SLO says, without its share and bound, and where each query is written."""

    value: Mapping[str, Any]
    places: Mapping[str, Where]


def asked(at: Where, indicator: Indicator, sources: Sources) -> Asked | AskedOfPrometheus:
    """Parse the indicator at this place. Raises FileError if it cannot be measured."""
    threshold, ratio = indicator.thresholdMetric, indicator.ratioMetric
    if (threshold is None) == (ratio is None):
        raise at.broken("an indicator has exactly one of thresholdMetric and ratioMetric")
    if ratio is not None:
        return _ratio(at.under("ratioMetric"), ratio, sources)
    assert threshold is not None, "one of the two is given"
    place = at.under("thresholdMetric")
    if _kind(place, threshold, sources) == PROMETHEUS:
        return _queries({"values": (place, threshold)})
    hits = _hits(place, threshold)
    if hits.metric != "latency":
        raise _spec(place).under("metric").broken("a thresholdMetric must be `latency`", hits.metric)
    return Asked(True, hits, _spec(place))


def _ratio(at: Where, ratio: RatioMetric, sources: Sources) -> Asked | AskedOfPrometheus:
    if ratio.raw is not None or ratio.rawType is not None:
        return _raw(at, ratio, sources)
    if (ratio.good is None) == (ratio.bad is None):
        raise at.broken("a ratioMetric has total and exactly one of good and bad")
    if ratio.total is None:
        raise at.under("total").broken("is required")
    key, part = ("good", ratio.good) if ratio.good is not None else ("bad", ratio.bad)
    assert part is not None, "one of the two is given"
    kind = _kind(at.under(key), part, sources)
    if _kind(at.under("total"), ratio.total, sources) != kind:
        raise at.under("total", "metricSource").broken(f"must have the same type as {key}")
    if kind == PROMETHEUS:
        counter = {} if ratio.counter else {"counter": False}
        return _queries({key: (at.under(key), part), "total": (at.under("total"), ratio.total)}, **counter)
    if not ratio.counter:
        raise at.under("counter").broken("hits are counted, so it must be true", ratio.counter)
    counted, total = _hits(at.under(key), part), _hits(at.under("total"), ratio.total)
    for place, hits, metric in ((key, counted, f"{key}_hits"), ("total", total, "hits")):
        if hits.metric != metric:
            raise _spec(at.under(place)).under("metric").broken(f"must be {metric}", hits.metric)
    if (counted.route, counted.step) != (total.route, total.step):
        raise _spec(at.under("total")).broken(f"must be about the same route and step as {key}")
    return Asked(False, counted, _spec(at.under(key)))


def _raw(at: Where, ratio: RatioMetric, sources: Sources) -> AskedOfPrometheus:
    if ratio.raw is None or ratio.rawType is None:
        raise at.under("raw" if ratio.raw is None else "rawType").broken("is required: raw needs its rawType")
    for key in ("good", "bad", "total"):
        if getattr(ratio, key) is not None:
            raise at.under(key).broken("cannot be used together with raw")
    if _kind(at.under("raw"), ratio.raw, sources) == MIDNIGHT:
        rule = "a precomputed ratio does not count the load's hits: use good and total"
        raise at.under("raw").broken(rule)
    return _queries({ratio.rawType: (at.under("raw"), ratio.raw)})


def _queries(metrics: Mapping[str, tuple[Where, Metric]], **more: Any) -> AskedOfPrometheus:
    queries = {
        part: _spec(at).parse(PromQuery, metric.metricSource.spec) for part, (at, metric) in metrics.items()
    }
    return AskedOfPrometheus(
        {part: each.query for part, each in queries.items()} | more,
        {part: _spec(at).under("query") for part, (at, _) in metrics.items()},
    )


def _kind(at: Where, metric: Metric, sources: Sources) -> str:
    return sources.kind(at.under("metricSource"), metric.metricSource)


def _hits(at: Where, metric: Metric) -> HitsOfTheLoad:
    return _spec(at).parse(HitsOfTheLoad, metric.metricSource.spec)


def _spec(at: Where) -> Where:
    return at.under("metricSource", "spec")
