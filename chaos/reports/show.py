"""Format numbers for readers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from chaos.checks.figure import Figure
from chaos.checks.finding import Finding
from chaos.checks.text import as_bound, percent
from chaos.spec import doses
from chaos.spec.units import show_seconds, show_signed

DASH = "–"

_TIMES = frozenset(
    {
        *("start", "end", "length", "held", "alone", "recovery", "rto", "worst_outage", "instant_of_loss"),
        *(
            "lag",
            "lag_allowed",
            "usual_lag",
            "worst_lag",
            "run_delay",
            "worst_run_delay",
            "p50",
            "p95",
            "p99",
            "loss",
            "back",
            "sync_alone",
            "sync_median",
            "sync_p99",
            "sync_max",
        ),
    }
)
"""Names of evidence in seconds that do not say so."""


def show_value(value: float | None, unit: str) -> str:
    """Format a value in its unit (`ratio`, `s`, `count`, `bytes`, or none); a missing one is a dash."""
    if value is None or math.isnan(value):
        return DASH
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    if unit == "ratio":
        return percent(value)
    if unit == "s":
        return show_seconds(value)
    if unit == "bytes":
        return doses.size(value)
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.4g}"


def show_measured(finding: Finding) -> str:
    """Format what a finding measured."""
    return show_bounded(finding.measured, finding.unit, lower_bound=finding.lower_bound)


def show_bounded(value: float | None, unit: str, *, lower_bound: bool) -> str:
    """Format what was measured; a lower bound as `> 51.79 s` or `≥ 53`."""
    finite = value is not None and math.isfinite(value)
    return as_bound(show_value(value, unit), unit, lower_bound=lower_bound and finite)


def show_figure(figure: Figure, value: float | None, *, lower_bound: bool = False) -> str:
    """Format a figure of a run; one that was not exercised is a dash, not 0."""
    return show_bounded(value, figure.unit, lower_bound=lower_bound) if figure.exercised(value) else DASH


def show_bound(sign: str, value: float | None, unit: str) -> str:
    """Format a limit with its sign, such as `≥ 99 %`; a missing one is a dash."""
    shown = show_value(value, unit)
    return shown if value is None else f"{sign} {shown}"


def show_offset(at: float | None, zero: float | None) -> str:
    """Format an instant in seconds of play: `+51.2 s`, before the play `-3 s`."""
    if at is None or zero is None:
        return DASH
    return show_signed(round(at - zero, 1))


def show_any(value: Any) -> str:
    """Format one piece of evidence or one setting of any type on one line."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None:
        return DASH
    if isinstance(value, float):
        return show_value(value, "") if abs(value) >= 0.001 or value == 0 else f"{value:.3g}"
    if isinstance(value, Mapping):
        return "; ".join(f"{key}: {item}" for key, item in named(value)) or DASH
    if isinstance(value, list | tuple):
        return ", ".join(show_any(item) for item in value) or DASH
    return str(value)


def named(document: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return names in words, and values in the units that the names state (`memory_bytes`, `archive_age_seconds`)."""
    return [_named(key, value) for key, value in document.items()]


def _named(key: object, value: Any) -> tuple[str, str]:
    if key in _TIMES and isinstance(value, float):
        return words(key), show_value(value, "s")
    stated = {"bytes", "seconds"} & set(str(key).split("_"))
    if not stated or not isinstance(value, int | float) or isinstance(value, bool):
        return words(key), show_any(value)
    label = " ".join(part for part in str(key).split("_") if part not in stated)
    return label or str(key), doses.amount(str(key), float(value))


def words(name: object) -> str:
    """Split an identifier into words: `fsync_time` becomes `fsync time`."""
    return str(name).replace("_", " ")


def utc(text: str, later: float | None = 0.0) -> str:
    """Format a stored time, `later` seconds on: `2026-11-23 23:59:00 UTC`. One of another form is returned as it is."""
    try:
        at = datetime.fromisoformat(text) + timedelta(seconds=later or 0.0)
    except ValueError:
        return text
    return at.strftime("%Y-%m-%d %H:%M:%S UTC")


def flatten(document: Mapping[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    """Flatten nested settings into `a.b.c` keys with values, in order."""
    found: list[tuple[str, Any]] = []
    for key, value in document.items():
        name = f"{prefix}{key}"
        found += flatten(value, f"{name}.") if isinstance(value, Mapping) and value else [(name, value)]
    return found
