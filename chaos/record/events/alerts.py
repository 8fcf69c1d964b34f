"""The alerts of the target's Prometheus while a run plays: their states, and what was delivered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from chaos.record.event import Recorded
from chaos.record.fields import stored

Labels = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class AlertPending(Recorded):
    """An alert's condition holds, for less than its rule's `for`. The name is that of the alert."""

    source = "alert"
    phase = "pending"
    labels: Labels = stored("object: label, value", dict)
    since: float | None = stored("s")
    last: float | None = stored("s")


@dataclass(frozen=True, slots=True)
class AlertFiring(Recorded):
    """An alert fires in Prometheus. The name is that of the alert."""

    source = "alert"
    phase = "firing"
    labels: Labels = stored("object: label, value", dict)
    since: float | None = stored("s")
    last: float | None = stored("s")


@dataclass(frozen=True, slots=True)
class AlertResolved(Recorded):
    """An alert that was firing, or pending, is gone from Prometheus. The name is that of the alert."""

    source = "alert"
    phase = "resolved"
    labels: Labels = stored("object: label, value", dict)
    was: str = stored("text", "")
    since: float | None = stored("s")
    last: float | None = stored("s")


@dataclass(frozen=True, slots=True)
class AlertRouted(Recorded):
    """Alertmanager has an alert, for these receivers. The name is that of the alert."""

    source = "alert"
    phase = "routed"
    labels: Labels = stored("object: label, value", dict)
    receivers: tuple[str, ...] = stored("list of text", ())
    suppressed: bool = stored("true or false", default=False)


@dataclass(frozen=True, slots=True)
class AlertDelivered(Recorded):
    """Alertmanager has delivered an alert to midnight's receiver. The name is that of the alert."""

    source = "alert"
    phase = "delivered"
    labels: Labels = stored("object: label, value", dict)
    status: str = stored("text", "")


@dataclass(frozen=True, slots=True)
class WatchReached(Recorded):
    """Prometheus, Alertmanager or midnight's receiver of alerts is there, and is watched from here on."""

    source = "alerts"
    phase = "reached"
    url: str = stored("text", "")
    rules: Mapping[str, float] = stored("object: alert, s", dict)
    interval: float | None = stored("s")
    evaluated: Mapping[str, float] = stored("object: alert, s", dict)
    wired: bool | None = stored("true or false")


@dataclass(frozen=True, slots=True)
class WatchLost(Recorded):
    """Prometheus or Alertmanager does not answer, or the receiver of alerts cannot listen."""

    source = "alerts"
    phase = "lost"
    because: str = stored("text", "")


@dataclass(frozen=True, slots=True)
class WatchEnded(Recorded):
    """The alerts are no longer watched. The name is that of what was watched."""

    source = "alerts"
    phase = "ended"


@dataclass(frozen=True, slots=True)
class QueryPoint:
    """The least and the greatest value of all series at one instant."""

    at: float = stored("s", 0.0)
    least: float = stored("number", 0.0)
    most: float = stored("number", 0.0)


@dataclass(frozen=True, slots=True)
class QueryRead(Recorded):
    """The query of an SLO was answered for the play. The name is that of the SLO."""

    source = "query"
    phase = "read"
    promql: str = stored("text", "")
    step: float | None = stored("s")
    series: int = stored("count", 0)
    points: tuple[QueryPoint, ...] = stored("list of {at, least, most}", ())
    because: str = stored("text", "")


@dataclass(frozen=True, slots=True)
class QuerySampled(Recorded):
    """The query of an SLO was answered for the play, with every value of its series. The name is that of the SLO."""

    source = "query"
    phase = "sampled"
    promql: str = stored("text", "")
    asked: str = stored("text", "")
    start: float = stored("s", 0.0)
    step: float | None = stored("s")
    count: int = stored("count", 0)
    series: tuple[tuple[float | None, ...], ...] = stored("list of lists of number or null", ())
    because: str = stored("text", "")


AlertMoved: TypeAlias = AlertPending | AlertFiring | AlertResolved
"""An alert changed its state in Prometheus."""
