"""The chain: which gauges left their baseline after the first step, and in which order.

It states order in time, makes no causal claim, and judges nothing. A gauge has moved if it exceeds, in
consecutive points, both a named least value and its own baseline by six robust standard deviations
(median and 1.4826 times the median absolute deviation). For a share, the threshold is at most halfway
between its baseline and 100 %.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from chaos.checks import gauges, neighbours
from chaos.checks.exact import Times
from chaos.checks.finding import Unit
from chaos.checks.link import Link
from chaos.checks.spans import StepSpan
from chaos.checks.text import amount, percent
from chaos.record.gauges import Api, Machine, Source, Volume
from chaos.record.journal import Journal, Series, Span
from chaos.spec.units import show_seconds

_WORTH_SAYING = 0.1  # share of the machine that other programs used

DEVIATIONS = 6 * 1.4826
_OF_TARGET = ("disk", "pool_in_use", "pool_exhausted", "database_full")
"""Links that only gauges of the target show: not every target has them."""

LEAST_IN_USE = 5.0  # connections: fewer are those of a service at rest

First = Callable[[float, float, float], float]
"""Returns when, between start and end, a hit first exceeded a threshold."""


@dataclass(frozen=True, slots=True)
class Gauge:
    """One gauge that can show a link. `runs`: consecutive points that must exceed the threshold.

    `first`: for gauges made of hits, when the first hit in [start, end) exceeded the threshold.
    """

    label: str
    series: Series
    least: float
    unit: Unit
    runs: int = 2
    first: First | None = None


def links(journal: Journal, acted: Sequence[StepSpan]) -> list[Link]:
    """Return the links in the order in which they moved; those that did not move come last, in the story's order.
    None if nothing was injected: movement then is not a chain."""
    play = journal.play
    if not acted:
        return []
    since = acted[0].start
    view = _View(
        watched=Span(since, play.end if play else since),
        quiet=journal.baseline or Span(-math.inf, since),
        zero=play.start if play else 0.0,
    )
    found = [_link(name, title, shown, view) for name, title, shown in _story(journal)]
    return sorted(found, key=lambda link: math.inf if link.at is None else link.at)


def broke_first(chain: list[Link]) -> Link | None:
    """Return the link that moved first; None if none did."""
    return chain[0] if chain and chain[0].moved else None


def _story(journal: Journal) -> list[tuple[str, str, list[Gauge]]]:
    """Return the links in the story's order, each with the gauges that can show it."""
    volumes = sorted({source for source, _ in journal.gauges() if source.startswith(Source.VOLUME)})
    waits = [
        Gauge(f"a sync on {volume}", journal.series(volume, Volume.SYNC_WAIT), 0.05, "s")
        for volume in volumes
    ]
    cpu = _processors(journal)
    slow = partial(gauges.first_slow, journal)
    latency = Gauge("p95 within a second", gauges.p95_by_second(journal), 0.25, "s", first=slow)
    flight = Gauge("requests without an answer yet", gauges.in_flight(journal), 10, "count")
    pool, exhausted = _pool(journal)
    database = Gauge("share of max_connections in use", gauges.database_in_use(journal), 0.9, "ratio")
    failed = partial(gauges.first_bad, journal)
    bad = Gauge(
        "requests that failed within a second", gauges.bad_by_second(journal), 0.5, "ratio", first=failed
    )
    return [
        ("disk", "disk I/O rises", waits),
        ("cpu", "CPU runs out", [cpu]),
        ("latency", "API latency rises", [latency]),
        ("pile_up", "requests pile up", [flight]),
        ("pool_in_use", "connection pool fills", pool),
        ("pool_exhausted", "connection pool is exhausted", exhausted),
        ("database_full", "database runs out of connections", [database]),
        ("api_down", "API down", [bad]),
    ]


def _pool(journal: Journal) -> tuple[list[Gauge], list[Gauge]]:
    """The gauges that show a pool filling, and those that show it exhausted.

    Without a size, connections are counted, not shared out. Seen from the database, a pool is exhausted for certain if
    its role may open no more sessions.
    """
    own = journal.series(Source.API, Api.POOL_CHECKED_OUT)
    sized = gauges.pool_share_in_use(journal)
    filling = [
        Gauge("pool in use", sized, 0.8, "ratio"),
        Gauge(
            "pool in use in the busiest worker", journal.series(Source.API, Api.POOL_BUSIEST), 0.8, "ratio"
        ),
    ]
    if not len(sized.at):
        label = "connections in use" if len(own.at) else "sessions of the service's role in use"
        filling.append(Gauge(label, gauges.pool_in_use(journal), LEAST_IN_USE, "count"))
    exhausted = [
        Gauge("requests waiting for a connection", journal.series(Source.API, Api.POOL_WAITERS), 0, "count"),
        Gauge("waits timed out", gauges.waits_timed_out(journal), 0, "count", runs=1),
        Gauge("waits for a connection", gauges.waits(journal), 0, "count"),
    ]
    if not len(own.at):
        label = "share in use of the sessions that the service's role may have"
        exhausted.append(Gauge(label, gauges.pool_share_of_limit(journal), 0.95, "ratio"))
    return filling, exhausted


def _processors(journal: Journal) -> Gauge:
    """The machine's processors, without what other programs used more than before the play, where that is known."""
    machine = journal.series(Source.MACHINE, Machine.CPU)
    share = neighbours.during_the_play(journal)
    aside = ""
    if share is not None and share >= _WORTH_SAYING:
        aside = f" (other programs, {percent(round(share, 2))} on average while it played, left aside)"
    return Gauge(f"CPU in use{aside}", neighbours.attributed(journal, machine), 0.9, "ratio")


@dataclass(frozen=True, slots=True)
class _View:
    """The watched span, the quiet span to compare with, and the play's zero; on the run clock."""

    watched: Span
    quiet: Span
    zero: float


@dataclass(frozen=True, slots=True)
class _Reading:
    gauge: Gauge
    baseline: float | None
    threshold: float
    at: float | None
    value: float | None
    peak: float


def _read(gauge: Gauge, view: _View) -> _Reading | None:
    """Compare the gauge in the watched span with the quiet one; None if it was not sampled there."""
    seen = gauge.series.between(view.watched.start, view.watched.end)
    if not len(seen.at):
        return None
    before = gauge.series.between(view.quiet.start, view.quiet.end).value
    baseline = float(np.median(before)) if len(before) else None
    threshold = _threshold(gauge, before, baseline)
    over = seen.value > threshold
    rows = np.convolve(over, np.ones(gauge.runs, dtype=np.int64))[gauge.runs - 1 : len(over)] == gauge.runs
    peak = float(seen.value.max())
    if not rows.any():
        return _Reading(gauge, baseline, threshold, None, None, peak)
    first = int(np.argmax(rows))
    at = float(seen.at[first])
    if gauge.first is None and gauge.unit == "s":
        # a wait is sampled while it grows: it began its own value ago, and had not yet exceeded the threshold
        # at the previous sample
        before_it = float(seen.at[first - 1]) if first else view.watched.start
        at = max(at - float(seen.value[first]) + threshold, before_it)
    if gauge.first is not None:
        at = gauge.first(at, view.watched.end, threshold)
        if gauge.unit == "s":  # slow from the moment it exceeds the threshold
            at += threshold
    return _Reading(gauge, baseline, threshold, at, float(seen.value[first]), peak)


def _threshold(gauge: Gauge, before: Times, baseline: float | None) -> float:
    """Return the threshold, given the values before anything was injected and their median."""
    if baseline is None or not math.isfinite(baseline):
        return gauge.least
    raised = baseline + DEVIATIONS * float(np.median(np.abs(before - baseline)))
    if gauge.unit == "ratio":
        raised = min(raised, (1 + baseline) / 2)
    return max(gauge.least, raised)


def _link(name: str, title: str, shown: list[Gauge], view: _View) -> Link:
    """Build the link from the gauge that moved first, else from the first that was sampled."""
    readings = [reading for gauge in shown if (reading := _read(gauge, view))]
    if not readings:
        lacks = name in _OF_TARGET and not any(len(gauge.series.at) for gauge in shown)
        because = "the target has no such gauge" if lacks else "not sampled after the first step"
        return Link(name, title, None, None, None, None, None, "", because)
    best = min(readings, key=lambda reading: math.inf if reading.at is None else reading.at)
    gauge, unit = best.gauge, best.gauge.unit
    bound = _show(best.threshold, unit)
    usual = "" if best.baseline is None else f", baseline {_show(best.baseline, unit)}"
    if best.at is None or best.value is None:
        brief = "above {} only for a moment" if best.peak > best.threshold else "not above {}"
        because = f"did not move: {gauge.label} up to {_show(best.peak, unit)}, {brief.format(bound)}{usual}"
    else:
        because = (
            f"{show_seconds(best.at - view.zero)} into the play: {gauge.label} {_show(best.value, unit)} "
            f"(above {bound}{usual}), up to {_show(best.peak, unit)}"
        )
    evidence = {"gauge": gauge.label, "moved": [each.gauge.label for each in readings if each.at is not None]}
    return Link(
        name, title, best.at, best.value, best.peak, best.baseline, best.threshold, unit, because, evidence
    )


def _show(value: float, unit: Unit) -> str:
    if unit == "ratio":
        return percent(value)
    return show_seconds(value) if unit == "s" else amount(value)
