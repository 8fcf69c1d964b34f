"""A figure from run to run as the points of an inline SVG; the template draws it, so that all text is escaped."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from chaos.checks.figure import Figure
from chaos.history.entry import Entry
from chaos.history.trend import Movement, Trend
from chaos.reports.show import show_figure
from chaos.reports.trend_rows import extent

WIDTH, HEIGHT, EDGE = 600, 90, 8


@dataclass(frozen=True, slots=True)
class Point:
    """One run. `beyond`: infinite, drawn at the top."""

    x: float
    y: float
    night: Entry
    shown: str
    beyond: bool


@dataclass(frozen=True, slots=True)
class Plot:
    """`extent`: the values that it spans, in words. `before`: the height of the earlier runs' median; None without
    one."""

    figure: Figure
    state: str
    extent: str
    points: tuple[Point, ...]
    before: float | None

    @property
    def line(self) -> str:
        return " ".join(f"{point.x:g},{point.y:g}" for point in self.points if not point.beyond)


def plots(trend: Trend) -> list[Plot]:
    """Return a plot of each figure that was ever measured."""
    return [plot for movement in trend.movements if (plot := _plot(movement, trend.nights)) is not None]


def _plot(movement: Movement, nights: Sequence[Entry]) -> Plot | None:
    spanned = extent(movement)
    if not spanned:
        return None
    finite = [value for value in movement.values if value is not None and math.isfinite(value)]
    low, high = min(finite, default=0.0), max(finite, default=0.0)
    step = (WIDTH - 2 * EDGE) / max(1, len(nights) - 1)

    def height(value: float) -> float:
        share = 0.5 if high == low else (value - low) / (high - low)
        return round(HEIGHT - EDGE - share * (HEIGHT - 2 * EDGE), 1)

    points = tuple(
        Point(
            round(EDGE + at * step, 1),
            height(value) if math.isfinite(value) else EDGE / 2,
            night,
            show_figure(movement.figure, value, lower_bound=least),
            math.isinf(value),
        )
        for at, (value, night, least) in enumerate(
            zip(movement.values, nights, movement.lower_bounds, strict=True)
        )
        if value is not None and not math.isnan(value)
    )
    before = movement.before
    drawn = height(before) if before is not None and low <= before <= high else None
    return Plot(movement.figure, movement.state, spanned, points, drawn)
