"""The key figures of a run, whether or not an objective judges them: one table for verdicts, the index of runs,
trends, the gate and command output.

A figure with a row here is in each of them. Ratios are from 0 to 1, times in seconds.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from chaos.checks.finding import Finding, Unit
from chaos.checks.judged import Judged
from chaos.checks.measured import Measured
from chaos.checks.text import amount, percent
from chaos.spec.units import show_seconds

Figures = dict[str, float | None]
Document = Mapping[str, Any]

Measure = Callable[[Measured], float | None]
Recall = Callable[[Document], float | None]


@dataclass(frozen=True, slots=True)
class Tolerance:
    """How much worse than a baseline: the larger of a share of it and an amount in the figure's unit."""

    share: float = 0.0
    amount: float = 0.0

    def allowed(self, baseline: float) -> float:
        if math.isinf(baseline):
            return baseline  # nothing is worse, and a share of it is undefined
        return max(self.share * baseline, self.amount)


@dataclass(frozen=True, slots=True)
class Room:
    """How much worse than its baseline a figure may be at a gate: with a known spread of the baseline, and with too few
    runs to have one."""

    known: Tolerance
    unknown: Tolerance


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure. `label` is for reports, `name` for files and commands."""

    name: str
    unit: Unit
    label: str
    measure: Measure | None = None  # from the run; None: not among the verdict's own figures
    recall: Recall | None = None  # from a verdict.json; None: stored under its name
    higher_is_better: bool = False
    rank: int | None = None  # of a latency percentile
    stand_in: str | None = None  # the percentile to compare if too few hits lie beyond this one
    drill: bool = False  # only in a drill's verdict
    suite: Literal["worst", "sum"] | None = None  # how a suite combines its scenarios
    indexed: bool = True  # kept in the index of runs
    listed: bool = False  # a column of `midnight runs`
    least: float | None = None  # the least relevant worsening in a trend; None: not in trends
    room: Room | None = None  # None: not compared by gates

    def show(self, value: float) -> str:
        if self.unit == "ratio":
            return percent(value)
        return show_seconds(value) if self.unit == "s" else amount(value)


def _of_hits(key: str) -> Measure:
    return lambda run: run.hits.get(key)


def _of_finding(name: str) -> Measure:
    return lambda run: run.found.get(name)


def _rto(verdict: Document) -> float | None:
    """In a drill, from the loss on; elsewhere the worst outage."""
    given = verdict.get("figures") or {}
    value: float | None = given.get("rto", given.get("worst_outage"))
    return value


def _budget(verdict: Document) -> float | None:
    """Return the largest share of an SLO's error budget that such a night would consume."""
    burnt = [(each.get("evidence") or {}).get("budget_consumed") for each in verdict.get("findings") or ()]
    return max((float(share) for share in burnt if share is not None), default=None)


_OUTAGE = Room(Tolerance(share=0.15, amount=0.5), Tolerance(share=0.5, amount=2.0))

FIGURES: tuple[Figure, ...] = (
    Figure("hits", "count", "hits", _of_hits("hits"), suite="sum"),
    Figure("good", "count", "good hits", _of_hits("good"), suite="sum", indexed=False),
    Figure(
        "availability",
        "ratio",
        "availability",
        _of_hits("ratio"),
        higher_is_better=True,
        listed=True,
        least=0.0005,
        room=Room(Tolerance(amount=0.005), Tolerance(amount=0.005)),
    ),
    Figure(
        "p50",
        "s",
        "p50",
        _of_hits("p50"),
        rank=50,
        room=Room(Tolerance(share=0.15, amount=0.001), Tolerance(share=0.5, amount=0.02)),
    ),
    Figure("p95", "s", "p95", _of_hits("p95"), rank=95),
    Figure(
        "p99",
        "s",
        "p99",
        _of_hits("p99"),
        rank=99,
        stand_in="p95",
        listed=True,
        least=0.01,
        room=Room(Tolerance(share=0.15, amount=0.005), Tolerance(share=0.5, amount=0.25)),
    ),
    Figure("outages", "count", "outages", lambda run: run.outages, indexed=False),
    Figure("worst_outage", "s", "worst outage", lambda run: run.worst_outage, suite="worst", indexed=False),
    Figure("recovery", "s", "recovery", lambda run: run.recovery, listed=True, least=0.5, room=_OUTAGE),
    Figure("rto", "s", "RTO", _of_finding("rto"), _rto, drill=True, suite="worst", least=0.5, room=_OUTAGE),
    Figure(
        "rpo",
        "s",
        "RPO",
        _of_finding("rpo"),
        suite="worst",
        least=0.5,
        room=Room(Tolerance(share=0.15, amount=0.5), Tolerance(share=0.5, amount=1.0)),
    ),
    Figure(
        "acknowledged_writes",
        "count",
        "acknowledged writes",
        lambda run: run.acknowledged,
        suite="sum",
        indexed=False,
    ),
    Figure(
        "lost_writes",
        "count",
        "lost writes",
        _of_finding("lost_writes"),
        suite="sum",
        listed=True,
        room=Room(Tolerance(), Tolerance()),
    ),
    Figure("lost_log_lines", "count", "log lines lost", _of_finding("lost_log_lines"), indexed=False),
    Figure("budget", "ratio", "budget", recall=_budget, least=0.005),
)


def figures(judged: Judged, findings: Sequence[Finding]) -> Figures:
    """Return the verdict's figures; None if not measured."""
    run, is_drill = Measured(judged, findings), judged.experiment.drill is not None
    return {
        figure.name: figure.measure(run)
        for figure in FIGURES
        if figure.measure is not None and (is_drill or not figure.drill)
    }


def recalled(verdict: Document) -> Figures:
    """Return the figures compared from run to run, from the content of a verdict.json. JSON has no infinity: a
    percentile that is null although there were hits is infinite."""
    given = verdict.get("figures") or {}
    found: Figures = {}
    for figure in FIGURES:
        if figure.indexed:
            value = given.get(figure.name) if figure.recall is None else figure.recall(verdict)
            beyond = value is None and figure.rank is not None and given.get("hits")
            found[figure.name] = math.inf if beyond else None if value is None else float(value)
    return found


def of_suite(parts: Sequence[Figures]) -> Figures:
    """Return the worst of each time, the sum of each count."""
    found: Figures = {}
    for figure in FIGURES:
        values = [value for each in parts if (value := each.get(figure.name)) is not None]
        if figure.suite == "worst":
            found[figure.name] = max(values, default=None)
        elif figure.suite == "sum":
            found[figure.name] = sum(values) if values else None
    hits, good = found["hits"], found["good"]
    return {**found, "availability": good / hits if hits and good is not None else None}
