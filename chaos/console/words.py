"""Describe the figures of a run, in the words of the plan."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from chaos.spec.units import show_seconds

Figures = Mapping[str, Any]

STYLES = {"failed": "bold red", "skipped": "yellow", "fired": "bold red", "injected": "bold magenta",
           "undone": "green", "ready": "green"}  # fmt: skip


def figures_line(figures: Figures) -> str:
    """Format the figures on one line; unknown ones are dashes."""
    return f"{_place(figures)}: {service(figures)}; pool {pool(figures)}"


def _place(figures: Figures) -> str:
    at, length = figures.get("play_at"), figures.get("play_length")
    phase = str(figures.get("phase") or "waiting")
    if at is None or length is None:
        return phase
    if at < 0:
        return f"{phase}, the play begins in {show_seconds(math.ceil(-at))}"
    if at >= length and not figures.get("phase"):
        return f"the play of {show_seconds(length)} is over"
    return f"{phase} {whole_seconds(at)} of {show_seconds(length)}"


def service(figures: Figures) -> str:
    """Describe the load."""
    ok = figures.get("ok")
    # Truncated, not rounded: 99.96 % is not shown as 100 %.
    good = "–" if ok is None or math.isnan(ok) else f"{math.floor(ok * 1000) / 10:.1f} %"
    return (
        f"{number(figures.get('rate'), '.1f')}/s, good {good}, p99 {_time(figures.get('p99'))}, "
        f"{number(figures.get('in_flight'), '.0f')} in flight"
    )


def pool(figures: Figures) -> str:
    """Describe the API's pool."""
    in_use, size = (number(figures.get(key), ".0f") for key in ("pool_in_use", "pool_size"))
    return f"{in_use} of {size} in use, {number(figures.get('waiters'), '.0f')} waiting"


def number(value: float | None, form: str) -> str:
    """Format a figure, or a dash if unknown."""
    return "–" if value is None or math.isnan(value) else f"{value:{form}}"


def instant(at: float) -> str:
    """Format how long the run has been going on, to a tenth of a second."""
    return show_seconds(max(0.0, round(at, 1)))


def whole_seconds(value: float) -> str:
    """Format a time that is counted up on the terminal; a dash if unknown."""
    return "–" if math.isnan(value) else show_seconds(round(value))


def _time(value: float | None) -> str:
    if value is None or math.isnan(value):
        return "–"
    return "∞" if math.isinf(value) else show_seconds(value)
