"""Map an OpenSLO indicator to hits of the load: which ones, and whether they are counted or timed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from chaos.spec.openslo.models import HitsOfTheLoad, Indicator, Metric, RatioMetric
from chaos.spec.yamlfile import Where

SOURCE = "midnight"
"""The `type` of a metric source for the load's own hits."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The hits covered by an SLO; `timed`: good ones within a threshold, else all good ones."""

    timed: bool
    hits: HitsOfTheLoad
    at: Where  # of the metric source's spec


def asked(at: Where, indicator: Indicator, sources: Mapping[str, str]) -> Asked:
    """Parse the indicator at this place. Raises FileError if it cannot be measured.

    `sources`: the type of each known DataSource, by name.
    """
    threshold, ratio = indicator.thresholdMetric, indicator.ratioMetric
    if (threshold is None) == (ratio is None):
        raise at.broken("an indicator has exactly one of thresholdMetric and ratioMetric")
    if ratio is not None:
        return _ratio(at.under("ratioMetric"), ratio, sources)
    assert threshold is not None, "one of the two is given"
    place = at.under("thresholdMetric")
    hits = _hits(place, threshold, sources)
    if hits.metric != "latency":
        raise _spec(place).under("metric").broken("a thresholdMetric must be `latency`", hits.metric)
    return Asked(True, hits, _spec(place))


def _ratio(at: Where, ratio: RatioMetric, sources: Mapping[str, str]) -> Asked:
    for key in ("raw", "rawType"):
        if getattr(ratio, key) is not None:
            raise at.under(key).broken(
                "a precomputed ratio does not count the load's hits: use good and total"
            )
    if not ratio.counter:
        raise at.under("counter").broken("hits are counted, so it must be true", ratio.counter)
    if (ratio.good is None) == (ratio.bad is None):
        raise at.broken("a ratioMetric has total and exactly one of good and bad")
    if ratio.total is None:
        raise at.under("total").broken("is required")
    key, part = ("good", ratio.good) if ratio.good is not None else ("bad", ratio.bad)
    assert part is not None, "one of the two is given"
    counted, total = _hits(at.under(key), part, sources), _hits(at.under("total"), ratio.total, sources)
    for place, hits, metric in ((key, counted, f"{key}_hits"), ("total", total, "hits")):
        if hits.metric != metric:
            raise _spec(at.under(place)).under("metric").broken(f"must be {metric}", hits.metric)
    if (counted.route, counted.step) != (total.route, total.step):
        raise _spec(at.under("total")).broken(f"must be about the same route and step as {key}")
    return Asked(False, counted, _spec(at.under(key)))


def _hits(at: Where, metric: Metric, sources: Mapping[str, str]) -> HitsOfTheLoad:
    source, place = metric.metricSource, at.under("metricSource")
    kind = source.type
    if source.metricSourceRef is not None:
        if source.metricSourceRef not in sources:
            known = ", ".join(sources) or "none"
            rule = f"is not a DataSource of this file; known: {known}"
            raise place.under("metricSourceRef").broken(rule, source.metricSourceRef)
        kind = kind or sources[source.metricSourceRef]
    if kind != SOURCE:
        rule = f"cannot be queried: the load's hits are `type: {SOURCE}`"
        raise place.under("type").broken(rule, kind)
    return place.under("spec").parse(HitsOfTheLoad, source.spec)


def _spec(at: Where) -> Where:
    return at.under("metricSource", "spec")
