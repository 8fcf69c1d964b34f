"""A trend as plain values for terminal, page and JSON."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from chaos.checks.finding import Outcome
from chaos.checks.finite import json_safe
from chaos.checks.text import many
from chaos.history.trend import Movement, State, Trend
from chaos.reports.show import DASH, show_figure

BARS = "▁▂▃▄▅▆▇█"
GAP = "·"


@dataclass(frozen=True, slots=True)
class TrendRow:
    label: str
    spark: str
    last: str
    before: str
    now: str
    state: State
    because: str


def title(trend: Trend) -> str:
    """`midnight against embedded, profile hardened`."""
    profile = f", profile {trend.profile}" if trend.profile else ""
    return f"{trend.experiment} against {trend.target}{profile}"


def summary(trend: Trend) -> str:
    """Return one sentence: number of nights, the newest verdict, what got worse."""
    counted = ((trend.unknown, "unknown"), (trend.without_verdict, "without a verdict"))
    others = ", ".join(f"{count} {what}" for count, what in counted if count)
    if not trend.nights:
        return f"no run passed or failed: {others}"
    parts = [
        f"{many(len(trend.nights), 'run')} passed or failed, the newest of them: {trend.nights[-1].verdict}"
    ]
    if others:
        parts.append(f"{others} left out")
    worse = [each.figure.label for each in trend.regressions]
    compared = any(movement.state != "too little" for movement in trend.movements)
    nothing = "no regression" if compared else "too few passing runs to compare"
    parts.append(f"REGRESSION: {', '.join(worse)}" if worse else nothing)
    return "; ".join(parts)


def standing(trend: Trend) -> Outcome:
    """Return the outcome of a trend: FAIL if a figure got worse or the newest run failed, UNKNOWN if nothing could be
    compared, else PASS."""
    if trend.regressions or (trend.nights and trend.nights[-1].verdict == Outcome.FAIL):
        return Outcome.FAIL
    compared = any(movement.state in ("steady", "advisory") for movement in trend.movements)
    return Outcome.PASS if compared else Outcome.UNKNOWN


def rows(trend: Trend) -> list[TrendRow]:
    return [_row(movement) for movement in trend.movements]


def spark(values: Sequence[float | None], width: int = 30) -> str:
    """Return one bar per run for the newest `width` runs, the lowest bar for the lowest value. A gap where nothing
    was measured."""
    shown = values[-width:]
    finite = [value for value in shown if value is not None and math.isfinite(value)]
    low, high = min(finite, default=0.0), max(finite, default=0.0)

    def bar(value: float | None) -> str:
        if value is None:
            return GAP
        if not math.isfinite(value):
            return BARS[-1]
        return BARS[round((value - low) / (high - low) * (len(BARS) - 1))] if high > low else BARS[0]

    return "".join(map(bar, shown))


def extent(movement: Movement) -> str:
    """Return in words which values the figure had: the finite ones as a range, the others by number. Empty if it was
    never measured."""
    figure = movement.figure
    values = [value for value in movement.values if value is not None and not math.isnan(value)]
    finite = [value for value in values if math.isfinite(value)]
    infinite = len(values) - len(finite)
    beyond = f"∞ in {many(infinite, 'run')}"
    if figure.rank is not None:
        beyond += f": more than {100 - figure.rank} % of the requests were not answered well"
    if not finite:
        return beyond if infinite else ""
    low, high = (
        show_figure(figure, bound, lower_bound=_only_bounded(movement, bound))
        if figure.exercised(bound)
        else "none"
        for bound in (min(finite), max(finite))
    )
    spanned = f"{low} to {high}" if low != high else f"{low} in {many(len(finite), 'run')}"
    return f"{spanned}; {beyond}" if infinite else spanned


def _only_bounded(movement: Movement, value: float) -> bool:
    """Return True if each run with this value may have had a larger one."""
    return all(
        bounded for seen, bounded in zip(movement.values, movement.lower_bounds, strict=True) if seen == value
    )


def trend_json(trend: Trend) -> dict[str, Any]:
    """Return the trend as JSON values; infinity becomes null."""
    document: dict[str, Any] = json_safe(
        {
            "version": 1,
            "experiment": trend.experiment,
            "target": trend.target,
            "profile": trend.profile,
            "unknown": trend.unknown,
            "without_verdict": trend.without_verdict,
            "nights": [
                {"run": night.run, "started": night.started, "git": night.git, "verdict": night.verdict}
                for night in trend.nights
            ],
            "figures": [_movement_json(movement) for movement in trend.movements],
        }
    )
    return document


def _movement_json(movement: Movement) -> dict[str, Any]:
    return {
        "figure": movement.figure.name,
        "unit": movement.figure.unit,
        "state": movement.state,
        "because": movement.because,
        "statistic": "Mann-Whitney U, one-sided, exact",
        "p": movement.p,
        "effect": "Hodges-Lehmann shift, positive is worse",
        "worse_by": movement.worse_by,
        "median_before": movement.before,
        "median_now": movement.now,
        "values": movement.values,
        "lower_bounds": movement.lower_bounds,
    }


def _row(movement: Movement) -> TrendRow:
    figure = movement.figure
    measured = [at for at, value in enumerate(movement.values) if value is not None]
    last = (
        show_figure(figure, movement.values[measured[-1]], lower_bound=movement.lower_bounds[measured[-1]])
        if measured
        else DASH
    )
    return TrendRow(
        label=figure.label,
        spark=spark(movement.values),
        last=last,
        before=show_figure(figure, movement.before),
        now=show_figure(figure, movement.now),
        state=movement.state,
        because=movement.because,
    )
