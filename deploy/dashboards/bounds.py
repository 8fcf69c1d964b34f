"""What a dashboard draws a line for, from where it is in force: SLOs and limits of the midnight sequence, the default
budget, and the shipped alerting rules."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import promql_parser
from promql_parser import BinaryExpr, NumberLiteral

from chaos.alerts import rules
from chaos.history.drills import DUE_AFTER
from chaos.spec import experiment
from chaos.spec.experiment import Experiment

DEPLOY = Path(__file__).parents[1]
RULES = DEPLOY / "monitoring/rules/alerts.yaml"
NIGHT = DEPLOY.parent / "experiments/midnight.yaml"
DRILL_DAYS = DUE_AFTER / 86400
_COMPARISONS = (">", "<", ">=", "<=")


@cache
def night() -> Experiment:
    """The midnight sequence as shipped."""
    return experiment.load(NIGHT)


def availability() -> float:
    """The share of good requests that the night's SLO demands."""
    return next(slo.availability for slo in night().slos if slo.availability is not None)


def latency() -> float:
    """The seconds within which the night's SLO wants its percentile."""
    return next(slo.latency.below for slo in night().slos if slo.latency is not None)


def recovery() -> float:
    """The seconds within which the night's limits want the target to have recovered."""
    return _given(night().limits.recovery)


def lost_writes() -> float:
    """The acknowledged writes that the night's limits allow to be lost."""
    return _given(night().limits.lost_writes)


def alert(name: str) -> float:
    """The number that the shipped alert of that name compares its series with; the first, if there are several."""
    (rule,) = (each for each in rules.load([RULES]) if each.alert == name)
    return next(_compared_with(promql_parser.parse(rule.expr)))


def _given(bound: float | None) -> float:
    assert bound is not None, f"{NIGHT} has none"
    return bound


def _compared_with(expr: promql_parser.Expr) -> Iterator[float]:
    found: list[float] = []

    def see(each: Any) -> None:
        if isinstance(each, BinaryExpr) and str(each.op) in _COMPARISONS:
            found.append(_constant(each.rhs))

    promql_parser.walk(expr, see)
    yield from found


def _constant(expr: promql_parser.Expr) -> float:
    if isinstance(expr, BinaryExpr) and str(expr.op) == "*":
        return _constant(expr.lhs) * _constant(expr.rhs)
    assert isinstance(expr, NumberLiteral), f"not a number: {expr.prettify()}"
    return float(expr.val)
