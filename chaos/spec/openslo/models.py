"""OpenSLO v1 syntax: document models and durations."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from chaos.spec.yamlfile import Model, Name

_DAY = 86400.0
_MOST_MINUTES = 1e9  # some integers are too large to be converted
_UNITS = {"m": 60.0, "h": 3600.0, "d": _DAY, "w": 7 * _DAY, "M": 30 * _DAY, "Q": 90 * _DAY, "Y": 365 * _DAY}


def duration(value: object) -> float:
    """Parse a duration-shorthand such as `5m` or `4w` into seconds; a month has 30 days. Raises ValueError."""
    match = re.fullmatch(r"([1-9]\d*)([mhdwMQY])", value) if isinstance(value, str) else None
    if match is None:
        raise ValueError("must be an integer with a unit (m, h, d, w, M, Q, Y), e.g. 5m or 4w")
    return int(match[1]) * _UNITS[match[2]]


def slice_window(value: object) -> float:
    """Parse a duration-shorthand, or a number of minutes, into seconds. Raises ValueError."""
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < _MOST_MINUTES:
        return value * 60.0
    return duration(value)


Duration = Annotated[float, BeforeValidator(duration)]


class Metadata(Model):
    name: str
    displayName: str | None = None
    labels: Any = None
    annotations: Any = None


class Document(Model):
    apiVersion: str
    kind: str
    metadata: Metadata
    spec: dict[str, Any]


class DataSource(Model):
    description: str | None = None
    type: str
    connectionDetails: Any = None


class MetricSource(Model):
    metricSourceRef: str | None = None
    type: str | None = None
    spec: Any = None


class Metric(Model):
    metricSource: MetricSource


class HitsOfTheLoad(Model):
    """Midnight's own: the `spec` of a metric source of type `midnight`."""

    metric: Literal["hits", "good_hits", "bad_hits", "latency"]
    route: str | None = None
    step: Name | None = None


class PromQuery(Model):
    """The `spec` of a metric source of type `Prometheus`."""

    query: str


class RatioMetric(Model):
    counter: bool = True
    good: Metric | None = None
    bad: Metric | None = None
    total: Metric | None = None
    rawType: Literal["success", "failure"] | None = None
    raw: Metric | None = None


class Indicator(Model):
    description: str | None = None
    thresholdMetric: Metric | None = None
    ratioMetric: RatioMetric | None = None


class InlineIndicator(Model):
    metadata: Metadata | None = None
    spec: Indicator


class TimeWindow(Model):
    duration: Duration
    isRolling: bool = True
    calendar: Any = None


class Objective(Model):
    displayName: str | None = None
    op: Literal["lte", "gte", "lt", "gt"] | None = None
    value: float | None = None
    target: Annotated[float, Field(ge=0, lt=1)] | None = None
    targetPercent: Annotated[float, Field(ge=0, lt=100)] | None = None
    timeSliceTarget: Annotated[float, Field(gt=0, le=1)] | None = None
    timeSliceWindow: Annotated[float, BeforeValidator(slice_window)] | None = None
    indicator: Any = None
    indicatorRef: Any = None
    compositeWeight: Any = None


class SloSpec(Model):
    description: str | None = None
    service: str | None = None
    indicator: InlineIndicator | None = None
    indicatorRef: str | None = None
    timeWindow: Annotated[tuple[TimeWindow, ...], Field(max_length=1)] = ()
    budgetingMethod: str
    objectives: Annotated[tuple[Objective, ...], Field(min_length=1)]
    alertPolicies: Any = None
