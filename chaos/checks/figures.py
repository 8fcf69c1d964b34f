"""The key figures of a run, whether or not an objective judges them: one table for verdicts, the index of runs,
trends, the gate and command output.

A figure with a row here is in each of them, and so is one that a plug-in registers under `midnight.figures`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from chaos.checks import plugged_figures
from chaos.checks.figure import Document, Figure, Figures, Measure, Room, Tolerance, of_finding
from chaos.checks.finding import Finding

if TYPE_CHECKING:
    from chaos.checks.measured import Measured


def _of_hits(key: str) -> Measure:
    return lambda run: run.hits.get(key)


def _left_per_request(run: Measured) -> float | None:
    from chaos.checks.leaks import per_request  # slow: imports the journal, and only a verdict measures

    return per_request.things(run.judged)


def _memory_per_request(run: Measured) -> float | None:
    from chaos.checks.leaks import per_request  # as above

    return per_request.memory(run.judged)


def _rto(verdict: Document) -> float | None:
    """In a drill, from the loss on; elsewhere the worst outage."""
    given = verdict.get("figures") or {}
    value: float | None = given.get("rto", given.get("worst_outage"))
    return value


def _budget(verdict: Document) -> float | None:
    """Return the largest share of an SLO's error budget that such a run would consume."""
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
    Figure(
        "recovery",
        "s",
        "recovery",
        lambda run: run.recovery,
        of_outage=True,
        listed=True,
        least=0.5,
        room=_OUTAGE,
    ),
    Figure(
        "rto",
        "s",
        "RTO",
        of_finding("rto"),
        _rto,
        drill=True,
        of_outage=True,
        suite="worst",
        least=0.5,
        room=_OUTAGE,
    ),
    Figure(
        "rpo",
        "s",
        "RPO",
        of_finding("rpo"),
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
        of_finding("lost_writes"),
        suite="sum",
        listed=True,
        room=Room(Tolerance(), Tolerance()),
    ),
    Figure(
        "lost_with_the_loss",
        "count",
        "writes lost with the loss",
        lambda run: run.lost_with_the_loss,
        drill=True,
        rare=True,
        suite="sum",
    ),
    Figure(
        "lost_updates",
        "count",
        "lost updates",
        lambda run: run.lost_updates,
        rare=True,
        suite="sum",
        listed=True,
        room=Room(Tolerance(), Tolerance()),
    ),
    Figure("lost_log_lines", "count", "log lines lost", of_finding("lost_log_lines"), indexed=False),
    Figure(
        "left_per_request",
        "count",
        "left behind per request",
        _left_per_request,
        rare=True,
        least=0.01,
        room=Room(Tolerance(share=0.2, amount=0.002), Tolerance(share=0.2, amount=0.005)),
    ),
    Figure(
        "memory_per_request",
        "bytes",
        "memory left behind per request",
        _memory_per_request,
        rare=True,
        least=1000,
        of_seed=True,
        room=Room(Tolerance(share=0.5, amount=1000), Tolerance(share=0.5, amount=2000)),
    ),
    Figure(
        "budget",
        "ratio",
        "error budget consumed",
        recall=_budget,
        least=0.005,
        metric="error_budget_consumed",
    ),
)


SHIPPED = frozenset(figure.name for figure in FIGURES)


@cache
def plugged() -> tuple[Figure, ...]:
    """Return the figures of plug-ins, by name."""
    return tuple(plugged_figures.usable(SHIPPED))


def every() -> tuple[Figure, ...]:
    """Return all figures: shipped ones, then those of plug-ins."""
    return (*FIGURES, *plugged())


def names() -> list[str]:
    """Return the names of all figures, whether or not they can be used."""
    return list(
        dict.fromkeys([*(each.name for each in FIGURES), *(each.name for each in plugged_figures.points())])
    )


def named(name: str) -> Figure:
    """Return the figure of that name. Raises what makes it unusable, and KeyError if there is none."""
    for figure in FIGURES:
        if figure.name == name:
            return figure
    for point in plugged_figures.points():
        if point.name == name:
            return plugged_figures.load(point, SHIPPED)
    raise KeyError(name)


def figures(run: Measured) -> Figures:
    """Return the verdict's shipped figures; None if not measured."""
    is_drill = run.judged.experiment.drill is not None
    return {
        figure.name: figure.measure(run)
        for figure in FIGURES
        if figure.measure is not None and (is_drill or not figure.drill)
    }


def lower_bounds(findings: Sequence[Finding]) -> tuple[str, ...]:
    """Return the names of the figures that are lower bounds, in the order of the table."""
    named = {each.name for each in findings if each.lower_bound}
    # A drill has no finding of its own for its recovery; the outages behind it are with the RTO.
    if any(outage["end"] is None for each in findings for outage in each.evidence.get("outages", ())):
        named |= {"worst_outage", "recovery"}
    return tuple(figure.name for figure in FIGURES if figure.name in named)


def bounds_of_suite(parts: Iterable[Sequence[str]]) -> tuple[str, ...]:
    """Return those of a suite's figures: the worst of several times is one if any of them is."""
    named = {name for each in parts for name in each}
    return tuple(figure.name for figure in FIGURES if figure.suite == "worst" and figure.name in named)


def of_plugins(run: Measured) -> tuple[Figures, list[Finding]]:
    """Return the verdict's other figures, and an `unknown` finding for each that cannot be measured."""
    return plugged_figures.measured(run, SHIPPED)


def recalled(verdict: Document) -> Figures:
    """Return the figures compared from run to run, from the content of a verdict.json. JSON has no infinity: a
    percentile that is null although there were hits is infinite.

    What a plug-in has measured is returned whether or not it is installed now.
    """
    given = verdict.get("figures") or {}
    found: Figures = {}
    for figure in FIGURES:
        if figure.indexed:
            value = given.get(figure.name) if figure.recall is None else figure.recall(verdict)
            beyond = value is None and figure.rank is not None and given.get("hits")
            found[figure.name] = math.inf if beyond else None if value is None else float(value)
    return {**found, **completed({name: given[name] for name in given if name not in SHIPPED})}


def completed(others: Mapping[str, Any]) -> Figures:
    """Return figures of plug-ins as they were stored, and None for those that are installed and not among them."""
    known = dict.fromkeys(figure.name for figure in plugged())
    return {**known, **{name: float(each) for name, each in others.items() if _is_number(each)}}


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def of_suite(parts: Sequence[Figures]) -> Figures:
    """Return the worst of each time, the sum of each count."""
    found: Figures = {}
    for figure in every():
        values = [value for each in parts if (value := each.get(figure.name)) is not None]
        if figure.suite == "worst":
            found[figure.name] = (min if figure.higher_is_better else max)(values, default=None)
        elif figure.suite == "sum":
            found[figure.name] = sum(values) if values else None
    hits, good = found["hits"], found["good"]
    return {**found, "availability": good / hits if hits and good is not None else None}
