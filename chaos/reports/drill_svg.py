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
_WIDTH, _ROW = 10.6, 0.3  # inches


@dataclass(frozen=True, slots=True)
class Stretch:
    name: str
    seconds: float
    assumed: bool


def spans_svg(stretches: Sequence[Stretch], title: str = "") -> str:
    """Return one row per span, each starting where the one before ended; seconds since the loss."""
    if not stretches:
        return ""
    with mpl.rc_context(STYLE):  # type: ignore[arg-type]  # its keys: hundreds of literals
        figure = Figure(figsize=(_WIDTH, 0.55 + _ROW * len(stretches)))
        axis = figure.add_axes(
            (0.16, 0.42 / (0.55 + _ROW * len(stretches)), 0.7, 0.98 - 0.42 / (0.55 + _ROW * len(stretches)))
        )
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
        axis.set_xlabel("seconds since the loss")
        return svg.element(figure, f"Spans of the recovery: {title}")
