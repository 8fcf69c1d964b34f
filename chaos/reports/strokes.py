"""Lines and areas of a plot. Within a panel, each differs from the others in more than its colour."""

from __future__ import annotations

from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

from chaos.record.journal import Series

LineStyle: TypeAlias = str | tuple[int, tuple[int, ...]]
Values: TypeAlias = npt.NDArray[np.float64]

PROCESSES: tuple[tuple[str, LineStyle], ...] = (
    ("#2874a6", "-"),
    ("#b35c00", "--"),
    ("#2f7d32", "-."),
    ("#8e4a85", ":"),
    ("#6d4c41", (0, (6, 1, 1, 1, 1, 1))),
)
VOLUMES = (
    ("#b5651d", ""),
    ("#5b8def", "o"),
    ("#2f7d32", "s"),
    ("#616e7c", "^"),
)  # the line's style says what of it


def line(
    axis: Axes, series: Series, colour: str, label: str, style: LineStyle = "-", marker: str = ""
) -> None:
    if len(series.at):
        axis.plot(
            series.at,
            series.value,
            color=colour,
            linewidth=1.2,
            linestyle=style,
            marker=marker,
            markersize=4,
            markevery=0.08,
            label=label,
        )


def fill(axis: Axes, series: Series, colour: str, label: str, hatch: str = "") -> None:
    if len(series.at):
        area(axis, series.at, 0, series.value, colour, label, hatch)


def area(
    axis: Axes,
    at: Values,
    low: Values | float,
    high: Values,
    colour: str,
    label: str,
    hatch: str,
    step: Literal["post"] | None = None,
) -> None:
    """Fill between `low` and `high`, hatched in white: who sees no colours tells areas apart by that."""
    axis.fill_between(
        at, low, high, facecolor=colour, edgecolor="white", hatch=hatch, linewidth=0, label=label, step=step
    )
