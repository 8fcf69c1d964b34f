"""The recovery from a loss on one line: the assumed span, then each measured span."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import matplotlib as mpl
from matplotlib.figure import Figure

from chaos.reports import svg
from chaos.reports.svg import INK, STYLE
from chaos.spec.units import show_seconds

COLOURS = ("#4c78a8", "#f58518", "#54a24b", "#b279a2", "#9d755d", "#72b7b2", "#eeca3b")
ASSUMED = "#cbd2d9"
_ROW, _AXIS = 0.3, 0.55  # inches


@dataclass(frozen=True, slots=True)
class Layout:
    """Width in inches; the share of it that names take on the left, and times on the right."""

    width: float
    names: float
    times: float
    ticks: int


_WIDE = Layout(7.6, 0.2, 0.12, 9)
_NARROW = Layout(4.0, 0.34, 0.2, 4)


@dataclass(frozen=True, slots=True)
class Stretch:
    name: str
    seconds: float
    assumed: bool


def spans_svg(stretches: Sequence[Stretch], title: str = "", *, narrow: bool = False) -> str:
    """Return one row per span, each starting where the one before ended."""
    if not stretches:
        return ""
    layout = _NARROW if narrow else _WIDE
    height = _AXIS + _ROW * len(stretches)
    with mpl.rc_context(STYLE):  # type: ignore[arg-type]  # its keys: hundreds of literals
        figure = Figure(figsize=(layout.width, height))
        across = 1 - layout.names - layout.times
        axis = figure.add_axes((layout.names, 0.42 / height, across, 0.98 - 0.42 / height))
        begin, whole = 0.0, max(sum(each.seconds for each in stretches), 1e-6)
        for row, each in enumerate(stretches):
            colour = ASSUMED if each.assumed else COLOURS[row % len(COLOURS)]
            axis.barh(row, max(each.seconds, whole * 0.002), left=begin, height=0.66, color=colour)
            begin += each.seconds
            axis.text(
                begin + whole * 0.006, row, show_seconds(each.seconds), va="center", fontsize=8, color=INK
            )
        labels = [f"{each.name} (assumed)" if each.assumed else each.name for each in stretches]
        axis.set_yticks(range(len(stretches)), labels)
        axis.set_ylim(len(stretches) - 0.5, -0.5)
        axis.set_xlim(0, whole)
        axis.set_xlabel("since the loss")
        svg.mark_times(axis, whole, layout.ticks)
        return svg.element(figure, f"Spans of the recovery: {title}")
